#include "net/http/request_parser.hpp"

#include <boost/beast/core/string.hpp>

namespace souk::net {

void RequestParser::on_request_impl(Verb /*method*/, Text method_text, Text target, int version,
                                    Code& /*error*/) {
  request_.method = net::parse_method({method_text.data(), method_text.size()});
  target_ = request_.set_target({target.data(), target.size()});
  version_ = version;
}

void RequestParser::on_response_impl(int /*code*/, Text /*reason*/, int /*version*/,
                                     Code& /*error*/) {
}

void RequestParser::on_field_impl(Field field, Text name, Text value, Code& /*error*/) {
  // Trailers after a chunked body are read but mean nothing here.
  if (head_done_) return;
  if (field == Field::expect && boost::beast::iequals(value, "100-continue"))
    expects_continue_ = true;
  request_.add_header({name.data(), name.size()}, {value.data(), value.size()});
}

void RequestParser::on_header_impl(Code& /*error*/) {
  head_done_ = true;
}

void RequestParser::on_body_init_impl(const boost::optional<std::uint64_t>& length,
                                      Code& /*error*/) {
  if (sink_ != nullptr && length && *length <= (1U << 20U))
    sink_->reserve(static_cast<std::size_t>(*length));
}

std::size_t RequestParser::on_body_impl(Text body, Code& /*error*/) {
  if (sink_ != nullptr) sink_->append(body.data(), body.size());
  return body.size();
}

void RequestParser::on_chunk_header_impl(std::uint64_t /*size*/, Text /*extensions*/,
                                         Code& /*error*/) {
}

std::size_t RequestParser::on_chunk_body_impl(std::uint64_t /*remain*/, Text body,
                                              Code& /*error*/) {
  if (sink_ != nullptr) sink_->append(body.data(), body.size());
  return body.size();
}

void RequestParser::on_finish_impl(Code& /*error*/) {
}

}  // namespace souk::net
