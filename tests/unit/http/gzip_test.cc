#include "http/gzip.h"

#include <atomic>
#include <string>

#include <gtest/gtest.h>
#include <zlib.h>

#include "raw_client.h"
#include "test_server.h"

namespace mycouch::http {
namespace {

// Decodes a gzip stream as it arrives.
class Gunzip {
 public:
  Gunzip() { inflateInit2(&stream_, 15 + 16); }
  ~Gunzip() { inflateEnd(&stream_); }
  Gunzip(const Gunzip&) = delete;
  Gunzip& operator=(const Gunzip&) = delete;

  std::string operator()(std::string_view bytes) {
    std::string text(4 << 20, '\0');
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(bytes.size());
    stream_.next_out = reinterpret_cast<Bytef*>(text.data());
    stream_.avail_out = static_cast<uInt>(text.size());
    int result = inflate(&stream_, Z_SYNC_FLUSH);
    EXPECT_TRUE(result == Z_OK || result == Z_STREAM_END) << result;
    ended = result == Z_STREAM_END;
    text.resize(text.size() - stream_.avail_out);
    return text;
  }

  bool ended = false;

 private:
  z_stream stream_{};
};

std::string lines(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += "{\"seq\":" + std::to_string(i * 7919) + ",\"id\":\"document\"}\n";
  return text;
}

TEST(AcceptsGzip, RespectsWeights) {
  for (const char* yes :
       {"gzip", "GZIP", "deflate, gzip;q=0.5", "x-gzip", "*", "br, *;q=0.1", "gzip ; q=1"}) {
    EXPECT_TRUE(accepts_gzip(yes)) << yes;
  }
  for (const char* no :
       {"", "identity", "gzip;q=0", "gzip; q=0.000", "*, gzip;q=0", "*;q=0", "br", "gzip;q=x"}) {
    EXPECT_FALSE(accepts_gzip(no)) << no;
  }
}

TEST(IsCompressible, KnowsTexts) {
  for (const char* yes : {"application/json", "text/plain; charset=utf-8", "Text/HTML", "image/svg+xml",
                          "application/javascript", "application/problem+json", "text/event-stream"}) {
    EXPECT_TRUE(is_compressible(yes)) << yes;
  }
  for (const char* no :
       {"", "image/png", "application/octet-stream", "multipart/mixed; boundary=text/plain"}) {
    EXPECT_FALSE(is_compressible(no)) << no;
  }
}

TEST(GzipStream, DecodesPieceByPiece) {
  Deflater deflater;
  GzipStream first(deflater);
  GzipStream second(deflater);
  Gunzip gunzip;
  Gunzip other;
  // Two streams share the deflater, and nothing else.
  for (const std::string& piece :
       {std::string("\n"), lines(1), lines(5'000), std::string(), std::string(300'000, 'z')}) {
    std::string coded;
    first.write(coded, piece);
    EXPECT_EQ(gunzip(coded), piece);
    coded.clear();
    second.write(coded, "x" + piece);
    EXPECT_EQ(other(coded), "x" + piece);
  }
  std::string end;
  first.finish(end);
  gunzip(end);
  EXPECT_TRUE(gunzip.ended);
}

TEST(GzipStream, MayBeEmpty) {
  Deflater deflater;
  GzipStream stream(deflater);
  std::string coded;
  stream.finish(coded);
  Gunzip gunzip;
  EXPECT_EQ(gunzip(coded), "");
  EXPECT_TRUE(gunzip.ended);
}

TEST(GzipStream, TakesBytesThatDoNotCompress) {
  Deflater deflater;
  GzipStream stream(deflater);
  std::string noise;
  std::uint64_t state = 1;
  for (int i = 0; i < 1'000'000; ++i) {
    state = state * 6364136223846793005 + 1442695040888963407;
    noise += static_cast<char>(state >> 56);
  }
  std::string coded;
  stream.write(coded, noise);
  stream.finish(coded);
  Gunzip gunzip;
  EXPECT_EQ(gunzip(coded), noise);
  EXPECT_TRUE(gunzip.ended);
}

Handler answering(std::string body, std::string type, std::string coding = "", unsigned status = 200) {
  return [=](Exchange& exchange) -> boost::asio::awaitable<void> {
    Response response{.status = status, .headers = {}, .body = body};
    response.headers.add("Content-Type", type);
    if (!coding.empty()) response.headers.add("Content-Encoding", coding);
    co_await exchange.send(std::move(response));
  };
}

constexpr std::string_view kAccept = "Accept-Encoding: gzip\r\n";

TEST(Gzip, CompressesAWholeAnswer) {
  std::string body = lines(1'000);
  TestServer server(answering(body, "application/json"));
  RawClient client(server.port());
  Response plain = client.get("/");
  EXPECT_EQ(plain.body, body);
  EXPECT_EQ(field(plain, "Vary"), "Accept-Encoding");
  EXPECT_EQ(field(plain, "Content-Encoding"), "(none)");
  Response coded = client.get("/", kAccept);
  EXPECT_EQ(field(coded, "Content-Encoding"), "gzip");
  EXPECT_EQ(field(coded, "Vary"), "Accept-Encoding");
  EXPECT_LT(coded.body.size(), body.size() / 2);
  Gunzip gunzip;
  EXPECT_EQ(gunzip(coded.body), body);
  EXPECT_TRUE(gunzip.ended);
  client.send("HEAD / HTTP/1.1\r\nHost: h\r\nAccept-Encoding: gzip\r\n\r\n");
  EXPECT_EQ(field(client.response(false), "Content-Length"), field(coded, "Content-Length"));
}

TEST(Gzip, LeavesAloneWhatIsNotWorthItOrMayNotBe) {
  std::string body = lines(1'000);
  auto coding = [](Handler handler, ServerOptions options = on_free_port()) {
    TestServer server(std::move(handler), std::move(options));
    RawClient client(server.port());
    return field(client.get("/", kAccept), "Content-Encoding");
  };
  EXPECT_EQ(coding(answering(lines(10), "application/json")), "(none)");
  EXPECT_EQ(coding(answering(body, "image/png")), "(none)");
  EXPECT_EQ(coding(answering(body, "application/json", "identity")), "(none)");
  EXPECT_EQ(coding(answering(body, "application/json", "br")), "br");
  EXPECT_EQ(coding(answering(body, "application/json", "", 206)), "(none)");
  EXPECT_EQ(coding(answering(body, "application/json", "", 304)), "(none)");
  ServerOptions without = on_free_port();
  without.gzip = false;
  EXPECT_EQ(coding(answering(body, "application/json"), without), "(none)");
}

TEST(Gzip, HoldsNothingOfAStreamBack) {
  std::atomic<int> seen{0};
  TestServer server([&](Exchange& exchange) -> boost::asio::awaitable<void> {
    auto waiter = base::Waiter::create(exchange.executor());
    auto client_has_seen = [&](int count) -> boost::asio::awaitable<void> {
      while (seen < count)
        co_await waiter->wait_until(std::chrono::steady_clock::now() + std::chrono::milliseconds(1));
    };
    Response head{.status = 200, .headers = {}, .body = {}};
    head.headers.add("Content-Type", "application/json");
    co_await exchange.begin(std::move(head));
    co_await exchange.write("\n");
    co_await client_has_seen(1);
    co_await exchange.write(lines(1'000));
    co_await client_has_seen(2);
    co_await exchange.write("]}");
    co_await exchange.finish();
  });
  RawClient client(server.port());
  client.send("GET / HTTP/1.1\r\nHost: h\r\nAccept-Encoding: gzip\r\n\r\n");
  EXPECT_EQ(field(client.head(), "Content-Encoding"), "gzip");
  Gunzip gunzip;
  EXPECT_EQ(gunzip(client.chunk()), "\n");
  ++seen;
  EXPECT_EQ(gunzip(client.chunk()), lines(1'000));
  ++seen;
  EXPECT_EQ(gunzip(client.chunk()), "]}");
  EXPECT_EQ(gunzip(client.chunk()), "");
  EXPECT_TRUE(gunzip.ended);
  EXPECT_EQ(client.chunk(), "");
}

}  // namespace
}  // namespace mycouch::http
