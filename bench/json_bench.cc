// The one pass over a JSON text: a document as an app stores it, and a `_bulk_docs` body of a thousand such.
#include <string>

#include <benchmark/benchmark.h>

#include "json/outline.h"

namespace {

using namespace mycouch;

// About a kilobyte: names, numbers, a nested list, and text that is not all ASCII.
std::string document() {
  std::string text =
      R"({"_id":"gig-000001","type":"gig","venue":"Café Größenwahn","date":"2025-06-01T20:00:00Z",)"
      R"("fee":1250.5,"confirmed":true,"crew":[)";
  for (int i = 0; i < 8; ++i) {
    if (i > 0) text += ',';
    text +=
        R"({"name":"Somebody Who Plays","role":"bass","arrives":"17:30","rooms":)" + std::to_string(i) + "}";
  }
  return text + R"(],"notes":")" + std::string(300, 'n') + R"("})";
}

std::string thousand_documents() {
  std::string text = R"({"docs":[)";
  for (int i = 0; i < 1000; ++i) {
    if (i > 0) text += ',';
    text += document();
  }
  return text + "]}";
}

void outline(benchmark::State& state, const std::string& text, int depth) {
  for (auto _ : state) benchmark::DoNotOptimize(json::outline(text, depth));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK_CAPTURE(outline, one_kilobyte, document(), 1);
BENCHMARK_CAPTURE(outline, one_megabyte, thousand_documents(), 3);

}  // namespace

BENCHMARK_MAIN();
