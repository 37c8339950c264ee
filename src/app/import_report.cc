#include "app/import_report.h"

#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "app/progress.h"
#include "json/value.h"
#include "json/writer.h"

namespace mycouch::app {
namespace {

constexpr std::size_t kExamples = 5;

struct ReasonText {
  std::string_view word;  // in the file
  std::string_view text;
};

constexpr std::array<ReasonText, kLeftOutReasons> kReasons = {{
    {"design_document", "design documents of no tenant, or with code"},
    {"no_tenant", "name no tenant"},
    {"deleted_without_tenant", "deleted, and nothing tells of which tenant they were"},
    {"missing_tenant", "of tenants that do not exist"},
    {"deleted_tenant", "of tenants that are deleted"},
    {"too_large", "too large"},
    {"bad_name", "with an id or an attachment's name that is not allowed"},
    {"refused", "malformed"},
    {"not_given", "not handed out by the source"},
}};

}  // namespace

Result<LeftOutReport> LeftOutReport::open(const std::string& path) {
  LeftOutReport report;
  if (path.empty()) return report;
  report.path_ = path;
  report.file_.reset(std::fopen(path.c_str(), "we"));
  if (!report.file_) return fail(Errc::unavailable, fmt::format("{}: {}", path, std::strerror(errno)));
  return report;
}

void LeftOutReport::add(const LeftOut& left_out) {
  const auto index = static_cast<std::size_t>(std::to_underlying(left_out.reason));
  Reason& reason = reasons_[index];
  ++reason.count;
  if (reason.examples.size() < kExamples) {
    // As JSON: nothing in an id can play with the terminal.
    std::string example = json::quoted(left_out.id);
    if (!left_out.detail.empty()) example += " (" + json::quoted(left_out.detail) + ")";
    reason.examples.push_back(std::move(example));
  }
  if (!file_) return;
  const json::Object line{{"id", left_out.id},
                          {"rev", left_out.rev},
                          {"reason", kReasons[index].word},
                          {"detail", left_out.detail}};
  const std::string text = json::write(line) + "\n";
  std::fwrite(text.data(), 1, text.size(), file_.get());
}

std::uint64_t LeftOutReport::missed() const {
  std::uint64_t count = 0;
  for (const Reason& reason : reasons_) count += reason.count;
  return count - reasons_[static_cast<std::size_t>(std::to_underlying(LeftOutReason::design_document))].count;
}

std::string LeftOutReport::text() const {
  std::string text;
  for (std::size_t i = 0; i < reasons_.size(); ++i) {
    const Reason& reason = reasons_[i];
    if (reason.count == 0) continue;
    text += fmt::format("  {:>9} {}: {}{}\n", grouped(reason.count), kReasons[i].text,
                        fmt::join(reason.examples, ", "), reason.count > kExamples ? ", …" : "");
  }
  return text;
}

Result<void> LeftOutReport::close() {
  if (!file_) return {};
  const bool bad = std::ferror(file_.get()) != 0;
  if (std::fclose(file_.release()) != 0 || bad) {
    return fail(Errc::unavailable, fmt::format("{}: not everything could be written", path_));
  }
  return {};
}

}  // namespace mycouch::app
