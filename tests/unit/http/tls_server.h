// A TLS server with a certificate of its own, for clients that are to trust it or not.
#pragma once

#include <cstdio>
#include <filesystem>
#include <string>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>

namespace mycouch::http {

/// A key and a certificate that signs itself, for the name "localhost" only.
struct SelfSigned {
  SelfSigned() : key(EVP_RSA_gen(2048)), certificate(X509_new()) {
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME* name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("localhost"),
                               -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    X509_EXTENSION* names = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "DNS:localhost");
    X509_add_ext(certificate, names, -1);
    X509_EXTENSION_free(names);
    X509_sign(certificate, key, EVP_sha256());
  }
  ~SelfSigned() {
    X509_free(certificate);
    EVP_PKEY_free(key);
  }
  SelfSigned(const SelfSigned&) = delete;
  SelfSigned& operator=(const SelfSigned&) = delete;

  void write_certificate(const std::filesystem::path& path) const {
    FILE* file = std::fopen(path.c_str(), "w");
    PEM_write_X509(file, certificate);
    std::fclose(file);
  }

  EVP_PKEY* key;
  X509* certificate;
};

/// Answers each of `count` TLS connections with the server name that was asked for.
inline void serve_tls(boost::asio::ip::tcp::acceptor& acceptor, const SelfSigned& identity, int count) {
  boost::asio::ssl::context tls(boost::asio::ssl::context::tls_server);
  SSL_CTX_use_certificate(tls.native_handle(), identity.certificate);
  SSL_CTX_use_PrivateKey(tls.native_handle(), identity.key);
  for (int i = 0; i < count; ++i) {
    boost::asio::ssl::stream<boost::asio::ip::tcp::socket> stream(acceptor.accept(), tls);
    boost::system::error_code error;
    stream.handshake(boost::asio::ssl::stream_base::server, error);
    if (error) continue;
    const char* asked = SSL_get_servername(stream.native_handle(), TLSEXT_NAMETYPE_host_name);
    std::string name = asked == nullptr ? "none" : asked;
    std::string request(4096, '\0');
    stream.read_some(boost::asio::buffer(request), error);
    std::string answer =
        "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(name.size()) + "\r\n\r\n" + name;
    boost::asio::write(stream, boost::asio::buffer(answer), error);
  }
}

}  // namespace mycouch::http
