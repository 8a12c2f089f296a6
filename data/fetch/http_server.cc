#include "data/fetch/http_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "third_party/logging/logging.h"

namespace sid {
namespace {

std::string ReceiveHead(int connection) {
  std::string head;
  char piece[1024];
  while (head.find("\r\n\r\n") == std::string::npos) {
    const ssize_t got = recv(connection, piece, sizeof(piece), 0);
    if (got <= 0) break;
    head.append(piece, got);
  }
  return head;
}

void SendAll(int connection, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    bytes.remove_prefix(sent);
  }
}

// The N of "Range: bytes=N-", or 0.
size_t RangeStart(const std::string& head) {
  const size_t at = head.find("Range: bytes=");
  return at == std::string::npos ? 0 : std::stoull(head.substr(at + 13));
}

std::string AnswerHead(const HttpAnswer& answer, int status, size_t start) {
  std::string head = absl::StrCat(
      "HTTP/1.1 ", status, " Answer\r\nConnection: close\r\nContent-Length: ", answer.body.size() - start, "\r\n");
  if (!answer.location.empty()) absl::StrAppend(&head, "Location: ", answer.location, "\r\n");
  if (status == 206) {
    absl::StrAppend(&head, "Content-Range: bytes ", start, "-", answer.body.size() - 1, "/", answer.body.size(),
                    "\r\n");
  }
  return head + "\r\n";
}

}  // namespace

HttpServer::HttpServer() {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  PCHECK(bind(listener_, reinterpret_cast<sockaddr*>(&address), length) == 0);
  PCHECK(listen(listener_, 8) == 0);
  PCHECK(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length) == 0);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Serve(); });
}

HttpServer::~HttpServer() {
  shutdown(listener_, SHUT_RDWR);  // wakes accept
  thread_.join();
  close(listener_);
}

std::string HttpServer::url() const { return absl::StrCat("http://127.0.0.1:", port_); }

void HttpServer::Set(const std::string& path, HttpAnswer answer) {
  const std::lock_guard<std::mutex> lock(mutex_);
  answers_[path] = std::move(answer);
}

std::vector<std::string> HttpServer::requests() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return requests_;
}

void HttpServer::Serve() {
  for (int connection = 0; (connection = accept(listener_, nullptr, nullptr)) >= 0; close(connection)) {
    Answer(connection);
  }
}

void HttpServer::Answer(int connection) {
  const std::string head = ReceiveHead(connection);
  const size_t path_at = head.find(' ') + 1;
  const std::string path = head.substr(path_at, head.find(' ', path_at) - path_at);
  HttpAnswer answer;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    requests_.push_back(head);
    const auto found = answers_.find(path);
    answer = found == answers_.end() ? HttpAnswer{404, "<html>no such page</html>"} : found->second;
  }
  char byte = 0;
  if (answer.stalls) {
    recv(connection, &byte, 1, 0);  // returns when the client closes
    return;
  }
  size_t start = answer.status == 200 && answer.honours_range ? RangeStart(head) : 0;
  if (start > 0 && start >= answer.body.size()) {
    answer = HttpAnswer{416};
    start = 0;
  }
  const int status = start > 0 ? 206 : answer.status;
  SendAll(connection, AnswerHead(answer, status, start));
  const size_t end = answer.cut_after < 0 ? answer.body.size() : static_cast<size_t>(answer.cut_after);
  SendAll(connection, std::string_view(answer.body).substr(start, end - std::min(start, end)));
}

}  // namespace sid
