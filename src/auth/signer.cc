#include "auth/signer.h"

#include <cerrno>
#include <fstream>
#include <iterator>
#include <new>
#include <optional>
#include <stdexcept>
#include <system_error>

#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <unistd.h>

#include "auth/owned.h"
#include "base/digest.h"
#include "base/encoding.h"
#include "base/random.h"

namespace mycouch::auth {
namespace {

using Pkey = Owned<EVP_PKEY, EVP_PKEY_free>;
using DigestContext = Owned<EVP_MD_CTX, EVP_MD_CTX_free>;
using Number = Owned<BIGNUM, BN_free>;
using Memory = Owned<BIO, BIO_free>;

constexpr int kRsaBits = 2048;

Pkey new_key() {
  Pkey key(EVP_RSA_gen(kRsaBits));
  if (!key) throw std::runtime_error("no RSA key could be generated");
  return key;
}

std::string to_pem(EVP_PKEY* key) {
  Memory memory(BIO_new(BIO_s_mem()));
  if (!memory || PEM_write_bio_PrivateKey(memory.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    throw std::bad_alloc();
  }
  char* text = nullptr;
  long size = BIO_get_mem_data(memory.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

Result<Pkey> from_pem(const std::string& pem, const std::filesystem::path& path) {
  ERR_set_mark();
  // A callback that gives no passphrase: OpenSSL's own would ask at the terminal.
  auto no_passphrase = [](char*, int, int, void*) { return -1; };
  Memory memory(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  Pkey key(PEM_read_bio_PrivateKey(memory.get(), nullptr, no_passphrase, nullptr));
  ERR_pop_to_mark();
  if (!key || EVP_PKEY_is_a(key.get(), "RSA") != 1 || EVP_PKEY_get_bits(key.get()) < kRsaBits) {
    return fail(Errc::bad_request, path.string() + ": not an RSA key of at least 2048 bits");
  }
  return key;
}

Error system_error(const std::filesystem::path& path) {
  return {Errc::unavailable, path.string() + ": " + std::generic_category().message(errno)};
}

// Nothing where there is no such file.
Result<std::optional<std::string>> read_file(const std::filesystem::path& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file.is_open() && errno == ENOENT) return std::nullopt;
  std::string text(std::istreambuf_iterator<char>(file), {});
  if (!file.is_open() || file.bad()) return std::unexpected(system_error(path));
  return text;
}

bool write_durably(int descriptor, std::string_view text) {
  while (!text.empty()) {
    ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return ::fsync(descriptor) == 0;
}

// A new file beside `path`, for nobody else's eyes; the caller removes it.
Result<std::filesystem::path> write_beside(const std::filesystem::path& path, std::string_view text) {
  std::filesystem::path draft = path;
  draft += "." + base::random_uuid();
  int descriptor = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0) return std::unexpected(system_error(draft));
  bool written = write_durably(descriptor, text);
  Error error = system_error(draft);
  ::close(descriptor);
  if (written) return draft;
  ::unlink(draft.c_str());
  return std::unexpected(std::move(error));
}

// Gives `path` the text unless somebody else made it first: unlike renaming, linking never replaces a file.
Result<void> create_file(const std::filesystem::path& path, std::string_view text) {
  MYCOUCH_TRY(std::filesystem::path draft, write_beside(path, text));
  bool linked = ::link(draft.c_str(), path.c_str()) == 0 || errno == EEXIST;
  Error error = system_error(path);
  ::unlink(draft.c_str());
  if (!linked) return std::unexpected(std::move(error));
  return {};
}

std::string base64url_of(EVP_PKEY* key, const char* parameter) {
  BIGNUM* raw = nullptr;
  if (EVP_PKEY_get_bn_param(key, parameter, &raw) != 1) throw std::bad_alloc();
  Number number(raw);
  std::string bytes(static_cast<std::size_t>(BN_num_bytes(raw)), '\0');
  BN_bn2bin(raw, reinterpret_cast<unsigned char*>(bytes.data()));
  return base::to_base64url(bytes);
}

}  // namespace

struct Signer::Key {
  explicit Key(Pkey key)
      : pkey(std::move(key)),
        n(base64url_of(pkey.get(), OSSL_PKEY_PARAM_RSA_N)),
        e(base64url_of(pkey.get(), OSSL_PKEY_PARAM_RSA_E)),
        // The members that RFC 7638 names, in its order and without space.
        kid(base::to_base64url(
            base::as_text(base::sha256(json::write(json::Object{{"e", e}, {"kty", "RSA"}, {"n", n}}))))) {}

  Pkey pkey;
  std::string n;
  std::string e;
  std::string kid;
};

Result<Signer> Signer::open(const std::filesystem::path& path) {
  MYCOUCH_TRY(auto pem, read_file(path));
  if (!pem) {
    MYCOUCH_CHECK(create_file(path, to_pem(new_key().get())));
    MYCOUCH_TRY(pem, read_file(path));
  }
  MYCOUCH_TRY(Pkey key, from_pem(pem.value_or(""), path));
  return Signer(std::make_shared<const Key>(std::move(key)));
}

Signer Signer::generate() {
  return Signer(std::make_shared<const Key>(new_key()));
}

const std::string& Signer::kid() const {
  return key_->kid;
}

std::string Signer::jwks() const {
  json::Object jwk{{"kty", "RSA"},     {"use", "sig"}, {"alg", "RS256"},
                   {"kid", key_->kid}, {"n", key_->n}, {"e", key_->e}};
  return json::write(json::Object{{"keys", json::Array{std::move(jwk)}}});
}

std::string Signer::sign(const json::Object& claims) const {
  json::Object header{{"alg", "RS256"}, {"typ", "JWT"}, {"kid", key_->kid}};
  std::string token = base::to_base64url(json::write(header)) + '.' + base::to_base64url(json::write(claims));
  const auto* text = reinterpret_cast<const unsigned char*>(token.data());

  DigestContext context(EVP_MD_CTX_new());
  std::string signature(static_cast<std::size_t>(EVP_PKEY_get_size(key_->pkey.get())), '\0');
  std::size_t size = signature.size();
  if (!context || EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_->pkey.get()) != 1 ||
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, text,
                     token.size()) != 1) {
    throw std::runtime_error("signing failed");
  }
  signature.resize(size);
  return token + '.' + base::to_base64url(signature);
}

}  // namespace mycouch::auth
