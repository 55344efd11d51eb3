#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "net/cli/http_client.hpp"

/// Requests that each break one rule, with the refusal they must get. They expect the product kTee
/// in the shop.
namespace souk::test {

struct BadRequest {
  std::string method;
  std::string target;
  std::string body;
  int status;
  std::string code;
  std::string param;
  net::HttpClient::Headers headers = {};
};
using Table = std::vector<BadRequest>;

inline constexpr std::string_view kTee = R"({"id":"tee","title":"Tee","variants":[
  {"sku":"TEE-S","price":{"amount":1999,"currency":"EUR"},"stock":7},
  {"sku":"TEE-M","price":{"amount":2099,"currency":"EUR"},"stock":3}]})";

Table bodies_that_are_no_json();
Table bad_products();
Table bad_stock_changes();
Table bad_searches();
Table bad_checkouts();
Table bad_rules();

/// The item that often, as a JSON list.
std::string repeated(const std::string& item, std::size_t times);

}  // namespace souk::test
