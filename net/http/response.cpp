#include "net/http/response.hpp"

namespace souk::net {

Response ok(std::string json) {
  Response response;
  response.body = std::move(json);
  return response;
}

Response created(std::string json, std::string location) {
  Response response;
  response.status = 201;
  response.body = std::move(json);
  if (!location.empty()) response.with("Location", std::move(location));
  return response;
}

Response accepted(std::string json, std::string location) {
  Response response = created(std::move(json), std::move(location));
  response.status = 202;
  return response;
}

Response no_content() {
  Response response;
  response.status = 204;
  return response;
}

Response not_modified(std::string etag) {
  Response response;
  response.status = 304;
  response.with("ETag", std::move(etag));
  return response;
}

Response ok_as(std::string_view content_type, std::string body) {
  Response response;
  response.content_type = content_type;
  response.body = std::move(body);
  return response;
}

Response streamed(std::string_view content_type,
                  std::function<Task<engine::Result<void>>(BodyWriter&)> stream) {
  Response response;
  response.content_type = content_type;
  response.stream = std::move(stream);
  return response;
}

}  // namespace souk::net
