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

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 402:
      return "Payment Required";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 422:
      return "Unprocessable Content";
    case 428:
      return "Precondition Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Status";
  }
}

}  // namespace souk::net
