#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

namespace souk::net {

/// Every coroutine of a connection runs on its own I/O thread's context; a concrete executor spares
/// the indirection of any_io_executor in each step.
using Executor = boost::asio::io_context::executor_type;
template <class T>
using Task = boost::asio::awaitable<T, Executor>;

}  // namespace souk::net
