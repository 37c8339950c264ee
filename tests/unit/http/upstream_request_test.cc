#include "http/upstream_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mycouch::http {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Url url() {
  return *parse_url("http://db.example:5984");
}

TEST(UpstreamRequestHead, HasOneFieldOfEachNameAndItsOwnFraming) {
  UpstreamRequest request;
  request.method = Method::put;
  request.target = "/db/a%2Fb?rev=1-a";
  request.body = "{}";
  request.headers.add("content-length", "99");
  request.headers.add("Transfer-Encoding", "chunked");
  request.headers.add("If-Match", "1-a");
  request.headers.add("authorization", "own");
  Headers common;
  common.add("Authorization", "common");
  common.add("X-Common", "c");
  EXPECT_EQ(request_head(request, common, url()),
            "PUT /db/a%2Fb?rev=1-a HTTP/1.1\r\nHost: db.example:5984\r\nUser-Agent: mycouch/" MYCOUCH_VERSION
            "\r\nX-Common: c\r\nIf-Match: 1-a\r\nauthorization: own\r\nContent-Length: 2\r\n\r\n");
}

TEST(UpstreamRequestHead, TellsALengthWhereAContentIsMeant) {
  UpstreamRequest request;
  request.target = "/";
  EXPECT_THAT(request_head(request, {}, url()), Not(HasSubstr("Content-Length")));
  request.method = Method::post;
  EXPECT_THAT(request_head(request, {}, url()), HasSubstr("Content-Length: 0\r\n"));
  request.content = BodySource{.length = 5'000'000'000, .read = {}};
  EXPECT_THAT(request_head(request, {}, url()), HasSubstr("Content-Length: 5000000000\r\n"));
}

TEST(CheckRequest, RefusesWhatWouldBeSomethingElseOnTheWire) {
  for (const char* target : {"", "db", "http://other/", "/a b", "/a\r\nX: y", "/a\x7f", "/\xc3\xa4", "*"}) {
    UpstreamRequest request;
    request.target = target;
    EXPECT_FALSE(check_request(request)) << target;
  }
  const std::pair<const char*, const char*> fields[] = {{"X", "a\r\nY: b"}, {"X", "a\nb"}, {"X Y", "a"},
                                                        {"X:", "a"},        {"", "a"},     {"X\r\n", "a"}};
  for (const auto& [name, value] : fields) {
    UpstreamRequest request;
    request.target = "/";
    request.headers.add(name, value);
    EXPECT_FALSE(check_request(request)) << name << ": " << value;
  }
  UpstreamRequest good;
  good.target = "/db/_design%2Fa/_view/b?key=%22%C3%A4%22";
  good.headers.add("Accept", "application/json, */*\t;q=0.1");
  EXPECT_TRUE(check_request(good));
}

}  // namespace
}  // namespace mycouch::http
