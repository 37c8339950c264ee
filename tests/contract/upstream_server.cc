#include "contract/upstream_server.h"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/encoding.h"
#include "base/random.h"
#include "http/client.h"
#include "json/value.h"
#include "support/run_task.h"

namespace mycouch::store::testing {
namespace {

// Sanitizers and loaded machines are slow.
constexpr std::chrono::seconds kStart{60};

// Of the server's log: listening address="127.0.0.1:40123" ….
std::optional<std::string> address_in(std::string_view log) {
  constexpr std::string_view kBefore = "listening address=\"";
  const std::size_t at = log.find(kBefore);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view rest = log.substr(at + kBefore.size());
  const std::size_t end = rest.find('"');
  if (end == std::string_view::npos) return std::nullopt;
  return std::string(rest.substr(0, end));
}

}  // namespace

UpstreamServer::UpstreamServer(const std::string& kind, const std::filesystem::path& folder)
    : name_prefix_("test-" + base::random_uuid() + "-") {
  if (kind == "couch") {
    start_mycouch(folder);
    return;
  }
  auto address = couch::parse_address(std::getenv("MYCOUCH_TEST_COUCHDB_URL"));
  if (!address) throw std::runtime_error(address.error().reason);
  address_ = *std::move(address);
}

UpstreamServer::~UpstreamServer() {
  if (process_ > 0) {
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
  } else {
    remove_databases();
  }
}

void UpstreamServer::start_mycouch(const std::filesystem::path& folder) {
  const std::filesystem::path configuration = folder / "upstream.toml";
  std::ofstream(configuration) << "listen = \"127.0.0.1:0\"\nthreads = 1\n[store]\nurl = \"memory:\"\n"
                                  "[admin]\npassword = \"upstream\"\n[log]\nformat = \"text\"\n";
  const std::filesystem::path log = folder / "upstream.log";
  const int output = ::open(log.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  process_ = ::fork();
  if (process_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // it must not outlive a test that is killed
    ::dup2(output, STDERR_FILENO);
    ::execl(MYCOUCH_BINARY, "mycouch", "serve", "--config", configuration.c_str(), nullptr);
    ::_exit(127);
  }
  ::close(output);
  const auto deadline = std::chrono::steady_clock::now() + kStart;
  for (;;) {
    std::stringstream text;
    text << std::ifstream(log).rdbuf();
    if (auto address = address_in(text.str())) {
      address_.origins = {"http://" + *address};
      address_.authorization = "Basic " + base::to_base64("admin:upstream");
      return;
    }
    const bool ended = ::waitpid(process_, nullptr, WNOHANG) != 0;
    if (ended || std::chrono::steady_clock::now() > deadline) {
      throw std::runtime_error("the upstream server does not start: " + text.str());
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

void UpstreamServer::remove_databases() const {
  auto send = [this](http::Method method, const std::string& target) {
    http::ClientRequest request{
        .method = method, .url = address_.origins.front() + target, .headers = {}, .body = {}};
    request.headers.add("Authorization", address_.authorization);
    return testing_support::run_task(http::fetch(std::move(request)));
  };
  const auto answer = send(http::Method::get, "/_all_dbs");
  const auto names = answer ? json::parse(answer->body) : Result<json::Value>(json::Value(json::Array{}));
  for (const json::Value& name : *names->as_array()) {
    if (name.as_string()->starts_with(name_prefix_)) send(http::Method::delete_, "/" + *name.as_string());
  }
}

}  // namespace mycouch::store::testing
