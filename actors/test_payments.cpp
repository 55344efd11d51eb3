#include "actors/test_payments.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <caf/actor_system.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <deque>
#include <fstream>
#include <iterator>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "actors/payment_provider.hpp"

namespace souk::actors {

namespace {

// The file: one line per change, `VERB PAYMENT AMOUNT CURRENCY\n`, VERB one of A(uthorized),
// C(aptured), V(oided). The last line of a payment tells its state.

constexpr char letter_of(TestPaymentState state) {
  switch (state) {
    case TestPaymentState::authorized:
      return 'A';
    case TestPaymentState::captured:
      return 'C';
    case TestPaymentState::voided:
      return 'V';
  }
  return 'V';
}

struct BookLine {
  TestPaymentState state;
  std::string_view payment;
  engine::Money amount;
};

std::optional<BookLine> parse_line(std::string_view line) {
  BookLine result{};
  if (line.size() < 4 || line[1] != ' ') return std::nullopt;
  switch (line[0]) {
    case 'A':
      result.state = TestPaymentState::authorized;
      break;
    case 'C':
      result.state = TestPaymentState::captured;
      break;
    case 'V':
      result.state = TestPaymentState::voided;
      break;
    default:
      return std::nullopt;
  }
  line.remove_prefix(2);
  const auto after_id = line.find(' ');
  if (after_id == std::string_view::npos) return std::nullopt;
  result.payment = line.substr(0, after_id);
  line.remove_prefix(after_id + 1);
  const auto [end, error] =
      std::from_chars(line.data(), line.data() + line.size(), result.amount.minor_units);
  if (error != std::errc{}) return std::nullopt;
  line.remove_prefix(static_cast<std::size_t>(end - line.data()));
  // A voided payment that never arrived has no currency.
  if (line == " -") return result;
  if (line.size() != 4 || line[0] != ' ') return std::nullopt;
  const auto currency = engine::Currency::parse(line.substr(1));
  if (!currency) return std::nullopt;
  result.amount.currency = *currency;
  return result;
}

void append_line(std::string& text, TestPaymentState state, const engine::PaymentId& payment,
                 const engine::Money& amount) {
  text += letter_of(state);
  text += ' ';
  text += payment.str();
  text += ' ';
  char digits[24];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), amount.minor_units).ptr;
  text.append(digits, end);
  text += ' ';
  text += amount.currency.none() ? std::string{"-"} : amount.currency.code();
  text += '\n';
}

/// Sent to itself when a delayed answer is due.
struct AnswerDue {
  PaymentAsker to;
  PaymentRequest request;
};

}  // namespace

engine::Result<std::vector<TestPayment>> list_test_payments(const std::filesystem::path& file) {
  std::vector<TestPayment> payments;
  std::error_code error;
  if (!std::filesystem::exists(file, error)) return payments;
  std::ifstream stream{file, std::ios::binary};
  if (!stream) {
    return engine::Error{engine::Errc::storage_failure, "cannot read " + file.string(), {}, {}};
  }
  std::unordered_map<std::string, std::size_t> places;
  std::string line;
  while (std::getline(stream, line)) {
    const auto parsed = parse_line(line);
    if (!parsed) continue;
    const auto [place, fresh] = places.try_emplace(std::string{parsed->payment}, payments.size());
    if (fresh) payments.push_back({engine::PaymentId{place->first}, parsed->state, parsed->amount});
    payments[place->second].state = parsed->state;
    payments[place->second].amount = parsed->amount;
  }
  return payments;
}

}  // namespace souk::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::AnswerDue)

namespace souk::actors {

namespace {

using TestPayments = PaymentProvider::extend<caf::reacts_to<AnswerDue>>;

class TestPaymentsActor final : public TestPayments::base {
public:
  TestPaymentsActor(caf::actor_config& actor_config, TestPaymentsConfig config)
      : TestPayments::base{actor_config}, config_{std::move(config)} {
    if (const auto books = list_test_payments(config_.file)) {
      for (const TestPayment& payment : *books) {
        books_.emplace(payment.id, Entry{payment.state, payment.amount});
        if (payment.state != TestPaymentState::authorized) remember_finished(payment.id);
      }
    }
    file_ = ::open(config_.file.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    // A line torn by a crash must not swallow the next one.
    const off_t size = file_ < 0 ? 0 : ::lseek(file_, 0, SEEK_END);
    char last = '\n';
    if (size > 0 && ::pread(file_, &last, 1, size - 1) == 1 && last != '\n') unwritten_ = "\n";
  }

  ~TestPaymentsActor() override {
    if (file_ >= 0) ::close(file_);
  }

  const char* name() const override { return "test_payments"; }

private:
  struct Entry {
    TestPaymentState state = TestPaymentState::authorized;
    engine::Money amount;
  };

  behavior_type make_behavior() override {
    return {
        [this](const PaymentRequests& requests) { on_requests(requests); },
        [this](const AnswerDue& due) { on_due(due); },
    };
  }

  void on_requests(const PaymentRequests& requests) {
    PaymentAnswers answers;
    answers.items.reserve(requests.items.size());
    for (const PaymentRequest& request : requests.items) take(request, answers);
    const auto to = caf::actor_cast<PaymentAsker>(current_sender());
    finish(to, std::move(answers));
  }

  void on_due(const AnswerDue& due) {
    PaymentAnswers answers;
    if (due.request.token == "tok_slow") {
      answers.items.push_back(authorize(due.request));
    } else {
      answers.items.push_back(refused(due.request, PaymentOutcome::declined, "card_declined"));
    }
    finish(due.to, std::move(answers));
  }

  void take(const PaymentRequest& request, PaymentAnswers& answers) {
    switch (request.verb) {
      case PaymentVerb::authorize:
        take_authorize(request, answers);
        return;
      case PaymentVerb::capture:
        answers.items.push_back(capture(request));
        return;
      case PaymentVerb::make_void:
        answers.items.push_back(make_void(request));
        return;
    }
  }

  void take_authorize(const PaymentRequest& request, PaymentAnswers& answers) {
    const std::string& token = request.token;
    if (token == "tok_ok") {
      answers.items.push_back(authorize(request));
    } else if (token == "tok_duplicate_callback") {
      answers.items.push_back(authorize(request));
      answers.items.push_back(authorize(request));
    } else if (token == "tok_timeout") {
      // The worst kind of silence: it did happen.
      static_cast<void>(authorize(request));
    } else if (token == "tok_slow" || token == "tok_late_decline") {
      const auto delay = token == "tok_slow" ? config_.slow : config_.late;
      delayed_send(TestPayments{this}, delay,
                   AnswerDue{caf::actor_cast<PaymentAsker>(current_sender()), request});
    } else if (token == "tok_insufficient_funds") {
      answers.items.push_back(
          refused(request, PaymentOutcome::insufficient_funds, "insufficient_funds"));
    } else {
      answers.items.push_back(refused(request, PaymentOutcome::declined,
                                      token == "tok_declined" ? "card_declined" : "unknown_token"));
    }
  }

  PaymentAnswer authorize(const PaymentRequest& request) {
    const auto [place, fresh] =
        books_.try_emplace(request.payment, Entry{TestPaymentState::authorized, request.amount});
    if (!fresh && place->second.state == TestPaymentState::voided) {
      return refused(request, PaymentOutcome::declined, "payment_voided");
    }
    if (fresh)
      append_line(unwritten_, TestPaymentState::authorized, request.payment, request.amount);
    return approved(request);
  }

  /// A payment that is not in the books is taken as authorized: a power cut may have taken the line
  /// from the file.
  PaymentAnswer capture(const PaymentRequest& request) {
    const auto [place, fresh] =
        books_.try_emplace(request.payment, Entry{TestPaymentState::authorized, request.amount});
    if (place->second.state == TestPaymentState::voided) {
      return refused(request, PaymentOutcome::declined, "payment_voided");
    }
    change(place->first, place->second, TestPaymentState::captured);
    return approved(request);
  }

  /// Voiding what never arrived leaves a mark, so that a late authorization is refused.
  PaymentAnswer make_void(const PaymentRequest& request) {
    const auto [place, fresh] =
        books_.try_emplace(request.payment, Entry{TestPaymentState::authorized, request.amount});
    if (place->second.state == TestPaymentState::captured) {
      return refused(request, PaymentOutcome::declined, "payment_captured");
    }
    change(place->first, place->second, TestPaymentState::voided);
    return approved(request);
  }

  void change(const engine::PaymentId& payment, Entry& entry, TestPaymentState state) {
    if (entry.state == state) return;
    entry.state = state;
    append_line(unwritten_, state, payment, entry.amount);
    remember_finished(payment);
  }

  void remember_finished(const engine::PaymentId& payment) {
    finished_.push_back(payment);
    while (finished_.size() > config_.finished_max) {
      books_.erase(finished_.front());
      finished_.pop_front();
    }
  }

  static PaymentAnswer approved(const PaymentRequest& request) {
    return {request.verb,
            request.payment,
            PaymentOutcome::approved,
            "test_" + request.payment.str(),
            {}};
  }

  static PaymentAnswer refused(const PaymentRequest& request, PaymentOutcome outcome,
                               std::string code) {
    return {request.verb, request.payment, outcome, {}, std::move(code)};
  }

  void finish(const PaymentAsker& to, PaymentAnswers answers) {
    const bool written = write_books();
    if (answers.items.empty() || !to) return;
    if (!written) {
      for (PaymentAnswer& answer : answers.items) answer.outcome = PaymentOutcome::unknown;
    }
    send(to, std::move(answers));
  }

  /// Not synced: the books survive the process, not the machine.
  bool write_books() {
    std::size_t written = 0;
    while (written < unwritten_.size()) {
      const auto count = ::write(file_, unwritten_.data() + written, unwritten_.size() - written);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) break;
      written += static_cast<std::size_t>(count);
    }
    unwritten_.erase(0, written);
    return unwritten_.empty();
  }

  TestPaymentsConfig config_;
  int file_ = -1;
  std::unordered_map<engine::PaymentId, Entry> books_;
  std::deque<engine::PaymentId> finished_;
  std::string unwritten_;
};

}  // namespace

PaymentProvider spawn_test_payments(caf::actor_system& system, TestPaymentsConfig config) {
  return system.spawn<TestPaymentsActor>(std::move(config));
}

}  // namespace souk::actors
