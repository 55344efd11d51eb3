#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "bench/report.hpp"

namespace souk::bench {
namespace {

constexpr double kWidth = 860;
constexpr double kHeight = 260;
constexpr double kLeft = 64;
constexpr double kBottom = 34;
constexpr std::array kColors{"#2563eb", "#d97706", "#059669", "#dc2626", "#7c3aed", "#0891b2"};

std::string escape(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '<')
      escaped += "&lt;";
    else if (c == '&')
      escaped += "&amp;";
    else
      escaped.push_back(c);
  }
  return escaped;
}

struct Curve {
  std::string name;
  std::vector<std::pair<double, double>> points;  // x in [0, 1], y in its own unit
};

/// A chart of curves over one linear or logarithmic y axis with labelled grid lines.
std::string chart(const std::string& title, const std::string& unit,
                  const std::vector<Curve>& curves,
                  const std::vector<std::pair<double, std::string>>& x_labels, bool logarithmic) {
  double low = logarithmic ? 1e18 : 0;
  double high = 0;
  for (const Curve& curve : curves) {
    for (const auto& [x, y] : curve.points) {
      high = std::max(high, y);
      if (logarithmic && y > 0) low = std::min(low, y);
    }
  }
  if (high <= 0) return {};
  if (logarithmic) {
    low = std::pow(10, std::floor(std::log10(low)));
    high = std::pow(10, std::ceil(std::log10(high)));
    if (high <= low) high = low * 10;
  } else {
    high *= 1.08;
  }
  const auto x_of = [](double x) { return kLeft + x * (kWidth - kLeft - 12); };
  const auto y_of = [&](double y) {
    const double share = logarithmic ? (std::log10(std::max(y, low)) - std::log10(low)) /
                                           (std::log10(high) - std::log10(low))
                                     : (y - low) / (high - low);
    return kHeight - kBottom - share * (kHeight - kBottom - 12);
  };
  std::string svg = fmt::format("<h2>{}</h2><svg viewBox='0 0 {} {}' role='img' aria-label='{}'>",
                                escape(title), kWidth, kHeight, escape(title));
  const auto grid = [&](double y) {
    svg += fmt::format(
        "<line class='g' x1='{0:.1f}' x2='{1:.1f}' y1='{2:.1f}' y2='{2:.1f}'/><text x='{3:.1f}' "
        "y='{4:.1f}' text-anchor='end'>{5:g}</text>",
        kLeft, kWidth - 12, y_of(y), kLeft - 6, y_of(y) + 4, y);
  };
  if (logarithmic) {
    for (double y = low; y <= high * 1.001; y *= 10) grid(y);
  } else {
    const double step = std::pow(10, std::floor(std::log10(high / 2)));
    const double wide = high / step > 10 ? step * 5 : high / step > 5 ? step * 2 : step;
    for (double y = 0; y <= high; y += wide) grid(y);
  }
  svg += fmt::format("<text x='4' y='12'>{}</text>", escape(unit));
  for (const auto& [x, label] : x_labels) {
    svg += fmt::format("<text x='{:.1f}' y='{:.1f}' text-anchor='middle'>{}</text>", x_of(x),
                       kHeight - 12, escape(label));
  }
  for (std::size_t i = 0; i < curves.size(); ++i) {
    std::string points;
    for (const auto& [x, y] : curves[i].points)
      points += fmt::format("{:.1f},{:.1f} ", x_of(x), y_of(y));
    svg += fmt::format("<polyline fill='none' stroke='{}' stroke-width='2' points='{}'/>",
                       kColors[i % kColors.size()], points);
  }
  svg += "</svg><p class='legend'>";
  for (std::size_t i = 0; i < curves.size(); ++i) {
    svg += fmt::format("<span><i style='background:{}'></i>{}</span>", kColors[i % kColors.size()],
                       escape(curves[i].name));
  }
  return svg + "</p>";
}

}  // namespace

std::string render_html(const RunResult& result) {
  std::vector<Curve> latency;
  std::vector<Curve> throughput;
  for (const auto& [kind, series] : result.series) {
    if (series.count() == 0) continue;
    std::vector<std::uint32_t> sorted = series.latencies();
    std::sort(sorted.begin(), sorted.end());
    Curve by_rank{kind, {}};
    // The x axis counts nines: 0 is the median, 1 is one request in ten thousand.
    for (int i = 0; i <= 100; ++i) {
      const double tail = 0.5 * std::pow(2e-4, i / 100.0);
      const auto rank =
          static_cast<std::size_t>((1 - tail) * static_cast<double>(sorted.size() - 1));
      by_rank.points.emplace_back(i / 100.0, sorted[rank] / 1e3);
    }
    latency.push_back(std::move(by_rank));
    Curve by_time{kind, {}};
    const auto& counts = series.per_second();
    const std::size_t whole =
        std::max<std::size_t>(1, std::min(counts.size(), static_cast<std::size_t>(result.seconds)));
    for (std::size_t i = 0; i < std::min(whole, counts.size()); ++i) {
      by_time.points.emplace_back(
          whole == 1 ? 0.0 : static_cast<double>(i) / static_cast<double>(whole - 1), counts[i]);
    }
    throughput.push_back(std::move(by_time));
  }
  const std::vector<Timeline::Step>& steps = result.timeline.steps();
  std::vector<Curve> counts(3);
  counts[0].name = "acknowledged writes";
  counts[1].name = "failures";
  counts[2].name = "repeats";
  std::vector<Curve> worst(1);
  worst[0].name = "p99";
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const double x =
        steps.size() < 2 ? 0.0 : static_cast<double>(i) / static_cast<double>(steps.size() - 1);
    counts[0].points.emplace_back(x, steps[i].writes);
    counts[1].points.emplace_back(x, steps[i].failures);
    counts[2].points.emplace_back(x, steps[i].repeats);
    if (!steps[i].latencies_us.empty())
      worst[0].points.emplace_back(x, percentiles_of(steps[i].latencies_us).p99 / 1e3);
  }
  const std::vector<std::pair<double, std::string>> whole_time{
      {0, "0 s"}, {1, fmt::format("{:.1f} s", static_cast<double>(steps.size()) * 0.1)}};
  const auto nines = [](double quantile) {
    return std::log((1 - quantile) / 0.5) / std::log(2e-4);
  };
  const std::string badge = result.verdict.green() ? "<b class='ok'>verdict: green</b>"
                                                   : "<b class='bad'>verdict: RED</b>";
  return fmt::format(
      "<!doctype html><html lang='en'><meta charset='utf-8'><meta name='viewport' "
      "content='width=device-width'>"
      "<title>souk-bench: {0}</title><style>body{{font:15px/1.5 "
      "system-ui,sans-serif;max-width:900px;margin:2rem auto;padding:0 1rem;"
      "color:#1f2937;background:#fff}}svg{{width:100%;height:auto}}text{{font:11px "
      "system-ui;fill:#6b7280}}.g{{stroke:#e5e7eb}}"
      "h1{{font-size:1.5rem}}h2{{font-size:1.05rem;margin-bottom:.2rem}}pre{{background:#f3f4f6;"
      "padding:1rem;overflow:auto;border-radius:8px}}"
      ".legend span{{margin-right:1.2em}}.legend "
      "i{{display:inline-block;width:.8em;height:.8em;border-radius:2px;margin-right:.35em}}"
      ".ok{{color:#059669}}.bad{{color:#dc2626}}@media(prefers-color-scheme:dark){{body{{"
      "background:#111827;color:#e5e7eb}}"
      "pre{{background:#1f2937}}.g{{stroke:#374151}}text{{fill:#9ca3af}}}}</style><h1>souk-bench: "
      "{0}</h1><p>{1}</p>{2}{3}{5}{6}<pre>{4}</pre></html>\n",
      escape(result.scenario.name), badge,
      chart("Latency by percentile", "ms", latency,
            {{0, "p50"},
             {nines(0.9), "p90"},
             {nines(0.99), "p99"},
             {nines(0.999), "p99.9"},
             {1, "p99.99"}},
            true),
      chart("Answers a second over time", "1/s", throughput,
            {{0, "0 s"}, {1, fmt::format("{:.0f} s", result.seconds)}}, false),
      escape(render_table(result)),
      chart("Acknowledged writes, failures and repeats in each 100 ms", "1/100 ms", counts,
            whole_time, false),
      chart("p99 of each 100 ms", "ms", worst, whole_time, true));
}

}  // namespace souk::bench
