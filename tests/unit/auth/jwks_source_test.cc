#include "auth/jwks_source.h"

#include <filesystem>
#include <fstream>
#include <istream>
#include <map>
#include <mutex>
#include <thread>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include "base/random.h"
#include "unit/auth/fakes.h"

namespace mycouch::auth {
namespace {

using namespace std::chrono_literals;
using boost::asio::ip::tcp;

/// Answers each path with the text given for it, one connection at a time, and closes.
class TinyServer {
 public:
  ~TinyServer() {
    stopping_ = true;
    boost::system::error_code ignored;
    tcp::socket(context_).connect(acceptor_.local_endpoint(), ignored);
    thread_.join();
  }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()); }
  void answer(const std::string& path, const std::string& body, const std::string& status = "200 OK",
              const std::string& fields = "") {
    std::lock_guard lock(mutex_);
    answers_[path] = "HTTP/1.1 " + status + "\r\nConnection: close\r\nContent-Type: application/json\r\n" +
                     fields + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }

 private:
  void serve() {
    while (!stopping_) {
      boost::system::error_code error;
      tcp::socket socket(context_);
      acceptor_.accept(socket, error);
      boost::asio::streambuf head;
      if (!error) boost::asio::read_until(socket, head, "\r\n\r\n", error);
      if (error) continue;
      std::istream in(&head);
      std::string method;
      std::string path;
      in >> method >> path;
      std::string answer = "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
      {
        std::lock_guard lock(mutex_);
        if (auto found = answers_.find(path); found != answers_.end()) answer = found->second;
      }
      boost::asio::write(socket, boost::asio::buffer(answer), error);
    }
  }

  std::mutex mutex_;
  std::map<std::string, std::string> answers_;
  std::atomic<bool> stopping_ = false;
  boost::asio::io_context context_;
  tcp::acceptor acceptor_{context_, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)};
  std::thread thread_{[this] { serve(); }};
};

class UrlSource : public testing::Test {
 protected:
  Result<JwksAnswer> fetch(const std::string& issuer, const std::string& url) {
    UrlJwksSource source(issuer, url);
    return loop_.run(source.fetch());
  }

  TinyServer server_;
  Loop loop_;
};

TEST_F(UrlSource, FetchesTheConfiguredUrl) {
  server_.answer("/keys?x=1", R"({"keys":[]})");
  auto answer = fetch("https://issuer", server_.url() + "/keys?x=1");
  ASSERT_TRUE(answer) << answer.error().reason;
  EXPECT_EQ(answer->text, R"({"keys":[]})");
  EXPECT_FALSE(answer->fresh_for);
}

TEST_F(UrlSource, KeepsFreshnessWithinItsBounds) {
  struct Case {
    const char* cache_control;
    std::chrono::milliseconds fresh_for;
  };
  for (const Case& c : {Case{"max-age=300", 300s}, Case{"max-age=1", 60s}, Case{"no-store", 60s},
                        Case{"public, max-age=864000", 3600s}}) {
    server_.answer("/keys", "{}", "200 OK", std::string("Cache-Control: ") + c.cache_control + "\r\n");
    auto answer = fetch("https://issuer", server_.url() + "/keys");
    ASSERT_TRUE(answer) << answer.error().reason;
    EXPECT_EQ(answer->fresh_for, c.fresh_for) << c.cache_control;
  }
}

TEST_F(UrlSource, FindsTheUrlInTheDiscoveryDocument) {
  for (const std::string& issuer : {server_.url(), server_.url() + "/", server_.url() + "/realms/a"}) {
    std::string path = issuer.substr(server_.url().size());
    if (path == "/") path = "";
    server_.answer(path + "/.well-known/openid-configuration",
                   R"({"issuer":")" + issuer + R"(","jwks_uri":")" + server_.url() + R"(/found"})");
    server_.answer("/found", R"({"keys":[]})");
    auto answer = fetch(issuer, "");
    ASSERT_TRUE(answer) << answer.error().reason;
    EXPECT_EQ(answer->text, R"({"keys":[]})");
  }
}

TEST_F(UrlSource, DistrustsADiscoveryDocumentThatIsNotTheIssuers) {
  const std::string path = "/.well-known/openid-configuration";
  for (const std::string& document : std::initializer_list<std::string>{
           "", "[]", "{}", R"({"issuer":"https://other","jwks_uri":")" + server_.url() + R"("})",
           R"({"issuer":")" + server_.url() + R"("})",
           R"({"issuer":")" + server_.url() + R"(","jwks_uri":1})"}) {
    server_.answer(path, document);
    auto answer = fetch(server_.url(), "");
    ASSERT_FALSE(answer) << document;
    EXPECT_EQ(answer.error().code, Errc::unavailable) << document;
  }
}

TEST_F(UrlSource, WhatIsNoAnswerIsUnavailable) {
  server_.answer("/500", "{}", "500 Internal Server Error");
  server_.answer("/large", std::string(kMaxJwks + 1, ' '));
  for (const std::string& url : std::initializer_list<std::string>{
           server_.url() + "/404", server_.url() + "/500", server_.url() + "/large", "http://127.0.0.1:1/",
           "ftp://127.0.0.1/", "nonsense"}) {
    auto answer = fetch("https://issuer", url);
    ASSERT_FALSE(answer) << url;
    EXPECT_EQ(answer.error().code, Errc::unavailable) << url;
  }
}

class FileSource : public testing::Test {
 protected:
  ~FileSource() override { std::filesystem::remove(path_); }
  Result<JwksAnswer> fetch() {
    Application application;
    application.jwks = "file:" + path_.string();
    return loop_.run(make_jwks_source(application)->fetch());
  }

  std::filesystem::path path_ = std::filesystem::temp_directory_path() / ("jwks-" + base::random_uuid());
  Loop loop_;
};

TEST_F(FileSource, ReadsTheFileAsItIsNow) {
  EXPECT_EQ(fetch().error().code, Errc::unavailable);
  for (const char* text : {R"({"keys":[]})", "{}"}) {
    std::ofstream(path_) << text;
    auto answer = fetch();
    ASSERT_TRUE(answer) << answer.error().reason;
    EXPECT_EQ(answer->text, text);
    ASSERT_TRUE(answer->fresh_for);
    EXPECT_LE(*answer->fresh_for, 10s);
  }
  std::ofstream(path_) << std::string(kMaxJwks + 1, ' ');
  EXPECT_EQ(fetch().error().code, Errc::unavailable);
}

TEST(MaxAge, IsReadFromCacheControl) {
  struct Case {
    const char* field;
    std::optional<std::chrono::seconds> age;
  };
  const Case cases[] = {
      {"", std::nullopt},
      {"public", std::nullopt},
      {"max-age=600", 600s},
      {"public , Max-Age=600 , must-revalidate", 600s},
      {"max-age=0", 0s},
      {"no-cache", 0s},
      {"max-age=600, no-store", 0s},
      {"max-age", std::nullopt},
      {"max-age=", std::nullopt},
      {"max-age=x", std::nullopt},
      {"max-age=6x", std::nullopt},
      {"max-age=-6", std::nullopt},
      {"s-maxage=6", std::nullopt},
      {"max-age=99999999999999999999", std::chrono::seconds::max()},
      {",,,", std::nullopt},
  };
  for (const Case& c : cases) EXPECT_EQ(max_age(c.field), c.age) << c.field;
}

}  // namespace
}  // namespace mycouch::auth
