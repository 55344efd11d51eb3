#include "net/endpoints/not_built.hpp"

namespace souk::net {

namespace {

constexpr NotBuilt kNotBuilt[] = {
    // Search
    {Method::get, "/v1/recommendations"},

    // Carts and prices
    {Method::post, "/v1/carts"},
    {Method::get, "/v1/carts/{id}"},
    {Method::patch, "/v1/carts/{id}"},
    {Method::del, "/v1/carts/{id}"},
    {Method::post, "/v1/carts/{id}/lines"},
    {Method::patch, "/v1/carts/{id}/lines/{line}"},
    {Method::del, "/v1/carts/{id}/lines/{line}"},
    {Method::post, "/v1/carts/{id}/codes"},
    {Method::post, "/v1/quotes"},
    {Method::put, "/v1/promotions/{code}"},
    {Method::put, "/v1/tax_rates/{id}"},
    {Method::put, "/v1/shipping_methods/{id}"},
    {Method::put, "/v1/price_lists/{id}"},

    // Orders and payments
    {Method::post, "/v1/orders/{id}/cancel"},
    {Method::post, "/v1/orders/{id}/fulfillments"},
    {Method::post, "/v1/orders/{id}/returns"},
    {Method::post, "/v1/orders/{id}/refunds"},
    {Method::get, "/v1/orders/{id}/events"},
    {Method::get, "/v1/orders/{id}/ledger"},
    {Method::get, "/v1/payments/{id}"},
    {Method::post, "/v1/payments/{id}/capture"},
    {Method::post, "/v1/payments/{id}/void"},
    {Method::post, "/v1/payments/{id}/refunds"},
    {Method::post, "/v1/payment_callbacks/{provider}"},

    // Drops
    {Method::post, "/v1/drops"},
    {Method::post, "/v1/drops/{id}/tickets"},
    {Method::get, "/v1/drops/{id}/tickets/{ticket}"},
    {Method::get, "/v1/drops/{id}/tickets/{ticket}/stream"},

    // Customers and keys
    {Method::post, "/v1/auth/register"},
    {Method::post, "/v1/auth/token"},
    {Method::post, "/v1/auth/refresh"},
    {Method::post, "/v1/auth/logout"},
    {Method::get, "/v1/customers/me"},
    {Method::get, "/v1/customers/{id}/addresses"},
    {Method::post, "/v1/customers/{id}/addresses"},
    {Method::get, "/.well-known/jwks.json"},
    {Method::get, "/v1/api_keys"},
    {Method::post, "/v1/api_keys"},
    {Method::get, "/v1/api_keys/{id}"},
    {Method::del, "/v1/api_keys/{id}"},

    // Events, queues, functions
    {Method::get, "/v1/events"},
    {Method::get, "/v1/stream"},
    {Method::get, "/v1/webhook_endpoints"},
    {Method::post, "/v1/webhook_endpoints"},
    {Method::get, "/v1/webhook_endpoints/{id}"},
    {Method::patch, "/v1/webhook_endpoints/{id}"},
    {Method::del, "/v1/webhook_endpoints/{id}"},
    {Method::get, "/v1/webhook_endpoints/{id}/deliveries"},
    {Method::post, "/v1/webhook_endpoints/{id}/deliveries/{delivery}:redeliver"},
    {Method::post, "/v1/queues/{queue}/messages"},
    {Method::post, "/v1/queues/{queue}/messages:receive"},
    {Method::post, "/v1/queues/{queue}/messages:ack"},
    {Method::post, "/v1/queues/{queue}/messages:nack"},
    {Method::post, "/v1/queues/{queue}/messages:redrive"},
    {Method::get, "/v1/functions"},
    {Method::post, "/v1/functions"},
    {Method::get, "/v1/functions/{id}"},
    {Method::put, "/v1/functions/{id}"},
    {Method::del, "/v1/functions/{id}"},

    // Media
    {Method::post, "/v1/media"},
    {Method::get, "/v1/media/{id}"},
    {Method::put, "/v1/media/{id}"},
    {Method::get, "/v1/media/{id}/{preset}"},

    // Pages
    {Method::get, "/console"},
};

}  // namespace

std::span<const NotBuilt> not_built_routes() {
  return kNotBuilt;
}

}  // namespace souk::net
