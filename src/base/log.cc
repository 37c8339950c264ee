#include "base/log.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <memory>
#include <mutex>

#include <fmt/format.h>
#include <spdlog/async.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include "base/clock.h"

namespace mycouch::log {
namespace {

constexpr std::size_t kQueuedLines = 8192;

std::atomic<Level> threshold{Level::info};
std::atomic<Format> line_format{Format::text};

// Standard error, which also tells when a flush has come through the queue: spdlog's own does not wait for
// it.
class StandardError final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  /// Returns once everything that was in the queue before has been written. `request` sends a flush down the
  /// queue.
  template <class Request>
  void flush_through(Request request) {
    std::lock_guard one_at_a_time(flushing_);
    std::unique_lock lock(mutex_of_count_);
    const std::uint64_t before = flushes_;
    do {  // A full queue drops its oldest entry, which may be the request.
      request();
    } while (!counted_.wait_for(lock, kRequestAgain, [&] { return flushes_ != before; }));
  }

 private:
  static constexpr std::chrono::milliseconds kRequestAgain{100};

  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    std::fwrite(line.data(), 1, line.size(), stderr);
  }

  void flush_() override {
    std::fflush(stderr);
    std::lock_guard lock(mutex_of_count_);
    ++flushes_;
    counted_.notify_all();
  }

  std::mutex flushing_;
  std::mutex mutex_of_count_;
  std::condition_variable counted_;
  std::uint64_t flushes_ = 0;
};

// Lines wait in a bounded queue for spdlog's thread; where the reader of standard error is too slow, the
// oldest waiting line is dropped rather than a request held up.
struct Output {
  std::shared_ptr<StandardError> sink = std::make_shared<StandardError>();
  std::shared_ptr<spdlog::logger> logger;

  Output() {
    spdlog::init_thread_pool(kQueuedLines, 1);
    logger = std::make_shared<spdlog::async_logger>("mycouch", sink, spdlog::thread_pool(),
                                                    spdlog::async_overflow_policy::overrun_oldest);
    logger->set_pattern("%v");
  }
};

Output& output() {
  static Output instance;
  return instance;
}

std::string_view name_of(Level level) {
  switch (level) {
    case Level::debug:
      return "debug";
    case Level::info:
      return "info";
    case Level::warning:
      return "warning";
    case Level::error:
      return "error";
    case Level::off:
      break;
  }
  return "off";
}

// A quoted string that holds no control character, so that nothing a client sends can forge a line.
void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  for (char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  out += '"';
}

void append_value(std::string& out, const FieldValue& value) {
  std::visit(
      [&out](const auto& v) {
        using V = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<V, std::string_view>) {
          append_quoted(out, v);
        } else {
          fmt::format_to(std::back_inserter(out), "{}", v);
        }
      },
      value);
}

std::string render_json(std::string_view time, Level level, std::string_view message,
                        std::initializer_list<Field> fields) {
  std::string line = fmt::format(R"({{"time":"{}","level":"{}","message":)", time, name_of(level));
  append_quoted(line, message);
  for (const Field& field : fields) {
    line += ',';
    append_quoted(line, field.name);
    line += ':';
    append_value(line, field.value);
  }
  line += '}';
  return line;
}

std::string render_text(std::string_view time, Level level, std::string_view message,
                        std::initializer_list<Field> fields) {
  std::string line = fmt::format("{} {:<7} {}", time, name_of(level), message);
  for (const Field& field : fields) {
    line += ' ';
    line += field.name;
    line += '=';
    append_value(line, field.value);
  }
  return line;
}

}  // namespace

void configure(Level level, Format format) {
  threshold = level;
  line_format = format;
}

bool enabled(Level level) {
  return level >= threshold.load(std::memory_order_relaxed) && level != Level::off;
}

void write(Level level, std::string_view message, std::initializer_list<Field> fields) {
  if (!enabled(level)) return;
  std::string time = base::to_rfc3339(base::system_clock().now());
  bool json = line_format.load(std::memory_order_relaxed) == Format::json;
  std::string line =
      json ? render_json(time, level, message, fields) : render_text(time, level, message, fields);
  output().logger->log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
}

void flush() {
  output().sink->flush_through([] { output().logger->flush(); });
}

}  // namespace mycouch::log
