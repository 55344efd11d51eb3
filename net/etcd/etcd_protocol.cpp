#include "net/etcd/etcd_protocol.hpp"

#include <sodium.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <charconv>

#include "net/json/json_writer.hpp"

namespace souk::net::etcd {

namespace json = boost::json;
using engine::Errc;
using engine::Error;
using engine::Result;

namespace {

constexpr int kVariant = sodium_base64_VARIANT_ORIGINAL;

/// Fields that are zero, false or empty are left out by etcd: absent reads as that.
class Reader {
public:
  explicit Reader(const json::value* value) : value_{value} {}

  Reader operator[](std::string_view name) const {
    if (value_ == nullptr || !value_->is_object()) return Reader{nullptr};
    return Reader{value_->get_object().if_contains(json::string_view{name.data(), name.size()})};
  }
  bool present() const { return value_ != nullptr && !value_->is_null(); }
  bool flag() const { return value_ != nullptr && value_->is_bool() && value_->get_bool(); }
  std::string_view text() const {
    if (value_ == nullptr || !value_->is_string()) return {};
    return {value_->get_string().data(), value_->get_string().size()};
  }
  std::int64_t number() const {
    if (value_ != nullptr && value_->is_int64()) return value_->get_int64();
    const auto digits = text();
    std::int64_t number = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return number;
  }
  Coordinator::Revision revision() const {
    return static_cast<Coordinator::Revision>(std::max<std::int64_t>(0, number()));
  }
  std::string bytes() const { return from_base64(text()).value_or(""); }
  template <class Visit>
  void each(const Visit& visit) const {
    if (value_ == nullptr || !value_->is_array()) return;
    for (const auto& item : value_->get_array()) visit(Reader{&item});
  }

private:
  const json::value* value_;
};

Error strange(std::string_view body) {
  return {Errc::unavailable, "that is no answer of etcd: " + std::string{body.substr(0, 100)}};
}

/// Gives `read` the parsed body, if it is an object with `proof`, which etcd always sends.
template <class T, class Read>
Result<T> parse(std::string_view body, std::string_view proof, const Read& read) {
  json::error_code error;
  const json::value value = json::parse(json::string_view{body.data(), body.size()}, error);
  if (error || !Reader{&value}[proof].present()) return strange(body);
  return read(Reader{&value});
}

std::string key_field(std::string_view name) {
  return to_base64(name.empty() ? std::string_view{"\0", 1} : name);
}

}  // namespace

std::string to_base64(std::string_view bytes) {
  std::string text(sodium_base64_encoded_len(bytes.size(), kVariant), '\0');
  sodium_bin2base64(text.data(), text.size(), reinterpret_cast<const unsigned char*>(bytes.data()),
                    bytes.size(), kVariant);
  text.pop_back();  // the terminating zero
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  std::string bytes(text.size() / 4 * 3 + 3, '\0');
  std::size_t size = 0;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(), text.data(),
                        text.size(), nullptr, &size, nullptr, kVariant) != 0)
    return std::nullopt;
  bytes.resize(size);
  return bytes;
}

std::string after_prefix(std::string_view prefix) {
  std::string next{prefix};
  while (!next.empty() && next.back() == '\xFF') next.pop_back();
  if (next.empty()) return std::string(1, '\0');  // to the end of all names
  next.back() = static_cast<char>(static_cast<unsigned char>(next.back()) + 1);
  return next;
}

std::string render(const RangeRequest& request) {
  std::string out;
  JsonWriter writer{out};
  writer.begin_object().field("key", key_field(request.key));
  if (!request.end.empty()) writer.field("range_end", to_base64(request.end));
  if (request.limit != 0) writer.field("limit", std::to_string(request.limit));
  if (request.revision != 0) writer.field("revision", std::to_string(request.revision));
  writer.end_object();
  return out;
}

std::string render(const Coordinator::Transaction& transaction, std::string_view prefix) {
  const auto key = [prefix](const std::string& name) {
    return to_base64(std::string{prefix} + name);
  };
  std::string out;
  JsonWriter writer{out};
  writer.begin_object().key("compare").begin_array();
  for (const auto& expected : transaction.expected) {
    writer.begin_object().field("target", "MOD").field("result", "EQUAL");
    writer.field("key", key(expected.name));
    writer.field("mod_revision", std::to_string(expected.revision)).end_object();
  }
  writer.end_array().key("success").begin_array();
  for (const auto& to : transaction.writes) {
    writer.begin_object().key("request_put").begin_object();
    writer.field("key", key(to.name)).field("value", to_base64(to.value));
    if (to.lease != 0) writer.field("lease", std::to_string(to.lease));
    writer.end_object().end_object();
  }
  for (const auto& name : transaction.erased) {
    writer.begin_object().key("request_delete_range").begin_object();
    writer.field("key", key(name)).end_object().end_object();
  }
  writer.end_array().end_object();
  return out;
}

std::string render_grant(std::int64_t seconds) {
  return R"({"TTL":")" + std::to_string(seconds) + R"("})";
}

std::string render_lease(Coordinator::LeaseId lease) {
  return R"({"ID":")" + std::to_string(lease) + R"("})";
}

std::string render_watch(std::string_view prefix, Coordinator::Revision first) {
  std::string out;
  JsonWriter writer{out};
  writer.begin_object().key("create_request").begin_object();
  writer.field("key", key_field(prefix)).field("range_end", to_base64(after_prefix(prefix)));
  writer.field("start_revision", std::to_string(first)).field("progress_notify", true);
  writer.end_object().end_object();
  return out;
}

std::string render_login(std::string_view user, std::string_view password) {
  std::string out;
  JsonWriter{out}.begin_object().field("name", user).field("password", password).end_object();
  return out;
}

Result<RangeAnswer> parse_range(std::string_view body) {
  return parse<RangeAnswer>(body, "header", [](Reader reader) {
    RangeAnswer answer;
    answer.revision = reader["header"]["revision"].revision();
    answer.more = reader["more"].flag();
    reader["kvs"].each([&](Reader fact) {
      answer.facts.push_back(
          {fact["key"].bytes(), {fact["value"].bytes(), fact["mod_revision"].revision()}});
    });
    return answer;
  });
}

Result<CommitAnswer> parse_commit(std::string_view body) {
  return parse<CommitAnswer>(body, "header", [](Reader reader) {
    return CommitAnswer{reader["succeeded"].flag(), reader["header"]["revision"].revision()};
  });
}

Result<LeaseAnswer> parse_lease(std::string_view body) {
  // A keep-alive is a stream of one answer, wrapped as such.
  const bool wrapped = body.starts_with(R"({"result")");
  return parse<LeaseAnswer>(body, wrapped ? "result" : "header", [wrapped](Reader reader) {
    const Reader lease = wrapped ? reader["result"] : reader;
    return LeaseAnswer{lease["ID"].number(), lease["TTL"].number()};
  });
}

Result<WatchLine> parse_watch(std::string_view line) {
  return parse<WatchLine>(line, "result", [](Reader reader) {
    const Reader result = reader["result"];
    WatchLine watch;
    watch.created = result["created"].flag();
    watch.canceled = result["canceled"].flag();
    watch.compacted = result["compact_revision"].revision();
    watch.revision = result["header"]["revision"].revision();
    result["events"].each([&](Reader event) {
      const Reader fact = event["kv"];
      Coordinator::Change change{fact["key"].bytes(), {}, fact["mod_revision"].revision()};
      if (event["type"].text() != "DELETE") change.value = fact["value"].bytes();
      watch.changes.push_back(std::move(change));
    });
    return watch;
  });
}

Result<std::string> parse_token(std::string_view body) {
  return parse<std::string>(body, "token",
                            [](Reader reader) { return std::string{reader["token"].text()}; });
}

RefusalAnswer parse_refusal(int status, std::string_view body) {
  json::error_code ignored;
  const json::value value = json::parse(json::string_view{body.data(), body.size()}, ignored);
  const Reader reader{&value};
  std::string text{reader["message"].text()};
  if (text.empty()) text = reader["error"].text();
  const auto says = [&text](std::string_view part) { return text.find(part) != text.npos; };
  const auto final = [&text](Errc code) {
    return RefusalAnswer{Refusal::final, Error{code, "etcd: " + text}};
  };
  const Error busy{Errc::unavailable,
                   "etcd: " + (text.empty() ? "status " + std::to_string(status) : text)};

  // The texts are etcd's published errors; the gRPC codes alone say too little.
  if (says("invalid auth token") || says("revision of auth store is old"))
    return {Refusal::token, busy};
  if (says("user name is empty")) return final(Errc::unauthorized);
  if (says("authentication failed") || says("authentication is not enabled"))
    return final(Errc::unauthorized);
  if (says("permission denied")) return final(Errc::forbidden);
  if (says("requested lease not found")) return final(Errc::unknown_lease);
  if (says("has been compacted")) return final(Errc::canceled);
  if (says("request is too large") || says("too many operations")) return final(Errc::too_large);
  if (says("duplicate key")) return final(Errc::invalid_value);
  if (says("database space exceeded")) return final(Errc::disk_full);
  if (says("too many requests") || says("no leader")) return {Refusal::elsewhere, busy};
  return {Refusal::doubtful, busy};
}

}  // namespace souk::net::etcd
