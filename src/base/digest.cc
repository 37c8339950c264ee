#include "base/digest.h"

#include <new>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace mycouch::base {
namespace {

// Fetched once: OpenSSL 3 looks an algorithm up by name at every use of EVP_sha256(), which costs more than
// hashing a token does.
const EVP_MD* fetched(const char* name) {
  return EVP_MD_fetch(nullptr, name, nullptr);
}

const EVP_MD* md5_algorithm() {
  static const EVP_MD* const algorithm = fetched("MD5");
  return algorithm;
}

const EVP_MD* sha256_algorithm() {
  static const EVP_MD* const algorithm = fetched("SHA256");
  return algorithm;
}

// A context of each thread's own, so that a short digest allocates nothing.
EVP_MD_CTX* thread_context() {
  struct Context {
    EVP_MD_CTX* pointer = EVP_MD_CTX_new();
    Context() = default;
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;
    ~Context() { EVP_MD_CTX_free(pointer); }
  };
  thread_local Context context;
  return context.pointer;
}

EVP_MD_CTX* new_context(const EVP_MD* algorithm) {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  if (context == nullptr) throw std::bad_alloc();
  EVP_DigestInit_ex2(context, algorithm, nullptr);
  return context;
}

template <class Digest>
Digest digest(const EVP_MD* algorithm, std::string_view bytes) {
  Digest out;
  EVP_MD_CTX* context = thread_context();
  EVP_DigestInit_ex2(context, algorithm, nullptr);
  EVP_DigestUpdate(context, bytes.data(), bytes.size());
  EVP_DigestFinal_ex(context, out.data(), nullptr);
  return out;
}

}  // namespace

Md5 md5(std::string_view bytes) {
  return digest<Md5>(md5_algorithm(), bytes);
}
Sha256 sha256(std::string_view bytes) {
  return digest<Sha256>(sha256_algorithm(), bytes);
}

Sha256 hmac_sha256(std::string_view key, std::string_view bytes) {
  Sha256 out;
  unsigned size = 0;
  // An empty key must not be a null pointer, which would mean the key of the call before.
  const char* key_bytes = key.empty() ? "" : key.data();
  HMAC(sha256_algorithm(), key_bytes, static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), out.data(), &size);
  return out;
}

Md5Stream::Md5Stream() : context_(new_context(md5_algorithm())) {}

Md5Stream::~Md5Stream() {
  EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(context_));
}

void Md5Stream::update(std::string_view bytes) {
  EVP_DigestUpdate(static_cast<EVP_MD_CTX*>(context_), bytes.data(), bytes.size());
}

Md5 Md5Stream::finish() {
  Md5 out;
  EVP_DigestFinal_ex(static_cast<EVP_MD_CTX*>(context_), out.data(), nullptr);
  return out;
}

Sha256Stream::Sha256Stream() : context_(new_context(sha256_algorithm())) {}

Sha256Stream::~Sha256Stream() {
  EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(context_));
}

void Sha256Stream::update(std::string_view bytes) {
  EVP_DigestUpdate(static_cast<EVP_MD_CTX*>(context_), bytes.data(), bytes.size());
}

Sha256 Sha256Stream::finish() {
  Sha256 out;
  EVP_DigestFinal_ex(static_cast<EVP_MD_CTX*>(context_), out.data(), nullptr);
  return out;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace mycouch::base
