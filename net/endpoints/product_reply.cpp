#include "net/endpoints/product_reply.hpp"

#include "engine/catalog/product_codec.hpp"
#include "net/endpoints/request_parts.hpp"
#include "net/http_error.hpp"
#include "net/json/product.hpp"

namespace souk::net {

Response product_reply(const RequestScope& scope, const engine::ProductView& view, bool is_new) {
  const auto product = engine::to_product(view);
  if (!product) return problem(scope, product.error());
  std::string body = to_json([&](JsonWriter& json) { render_product(json, view, *product); });
  Response response = is_new ? created(std::move(body), "/v1/products/" + view.entry.id.str())
                             : ok(std::move(body));
  response.with("ETag", etag_of(view));
  return response;
}

Response product_problem(const RequestScope& scope, engine::Error error) {
  if (error.code == engine::Errc::unknown_product) error.param.clear();
  if (error.code == engine::Errc::version_mismatch) {
    error.param = "If-Match";
    for (engine::ErrorItem& item : error.items) item.param = error.param;
  }
  return problem(scope, error);
}

engine::Result<Precondition> parse_if_match(const Request& request) {
  Precondition precondition;
  if (!request.has_header("If-Match")) return precondition;
  precondition.must_exist = true;
  const std::string_view header = request.header("If-Match");
  if (header == "*") return precondition;
  const auto version = parse_etag_version(header);
  if (!version) return version.error();
  precondition.version = *version;
  return precondition;
}

}  // namespace souk::net
