// A blocking HTTP client for tests: it sends exactly the bytes it is told to, and gives up after a few
// seconds.
#pragma once

#include <cstdlib>
#include <string>
#include <string_view>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/message.h"

namespace mycouch::http {

class RawClient {
 public:
  static constexpr int kPatienceSeconds = 10;

  explicit RawClient(std::uint16_t port, int receive_buffer = 0)
      : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    if (receive_buffer > 0)
      setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    timeval patience{.tv_sec = kPatienceSeconds, .tv_usec = 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      ADD_FAILURE() << "cannot connect";
    }
  }
  ~RawClient() { close(); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  void close() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }
  void reset() {
    linger at_once{.l_onoff = 1, .l_linger = 0};
    setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close();
  }
  void end_sending() { ::shutdown(socket_, SHUT_WR); }

  /// False when the server does not take it.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  /// At least one byte more into `received`; false at the end of the stream, a reset or when nothing comes.
  bool receive() {
    char block[64 << 10];
    ssize_t count = ::recv(socket_, block, sizeof block, 0);
    if (count <= 0) {
      ended_ = count == 0;
      return false;
    }
    received_.append(block, static_cast<std::size_t>(count));
    return true;
  }

  std::string take(std::size_t count) {
    while (received_.size() < count && receive()) {
    }
    std::string taken = received_.substr(0, count);
    received_.erase(0, taken.size());
    return taken;
  }
  /// Up to the separator and with it; what there is, if it does not come.
  std::string take_through(std::string_view separator) {
    std::size_t at;
    while ((at = received_.find(separator)) == std::string::npos) {
      if (!receive()) return take(received_.size());
    }
    return take(at + separator.size());
  }
  std::string take_all() {
    while (receive()) {
    }
    return take(received_.size());
  }
  /// The server has closed the stream in order, and there is nothing left to read.
  bool at_end() { return received_.empty() && !receive() && ended_; }

  Response head() {
    Response response{.status = 0, .headers = {}, .body = {}};
    std::string text = take_through("\r\n\r\n");
    if (!text.starts_with("HTTP/1.1 ")) {
      ADD_FAILURE() << "no response but: " << text;
      return response;
    }
    response.status = static_cast<unsigned>(std::strtoul(text.c_str() + 9, nullptr, 10));
    for (std::size_t at = text.find("\r\n") + 2; text.compare(at, 2, "\r\n") != 0;) {
      std::size_t end = text.find("\r\n", at);
      std::size_t colon = text.find(": ", at);
      response.headers.add(text.substr(at, colon - at), text.substr(colon + 2, end - colon - 2));
      at = end + 2;
    }
    return response;
  }

  /// One chunk of a chunked body; empty for the last.
  std::string chunk() {
    std::string size = take_through("\r\n");
    std::string bytes = take(std::strtoul(size.c_str(), nullptr, 16));
    EXPECT_EQ(take(2), "\r\n");
    return bytes;
  }

  Response response(bool has_body = true) {
    Response response = head();
    if (!has_body || response.status < 200 || response.status == 204 || response.status == 304)
      return response;
    if (auto length = response.headers.find("Content-Length")) {
      response.body = take(std::strtoul(std::string(*length).c_str(), nullptr, 10));
    } else if (response.headers.find("Transfer-Encoding")) {
      for (std::string piece = chunk(); !piece.empty(); piece = chunk()) response.body += piece;
    } else {
      response.body = take_all();
    }
    return response;
  }

  Response get(std::string_view target, std::string_view fields = "") {
    send("GET " + std::string(target) + " HTTP/1.1\r\nHost: h\r\n" + std::string(fields) + "\r\n");
    return response();
  }

 private:
  int socket_;
  bool ended_ = false;
  std::string received_;
};

inline std::string field(const Response& response, std::string_view name) {
  return std::string(response.headers.find(name).value_or("(none)"));
}

}  // namespace mycouch::http
