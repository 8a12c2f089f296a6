#pragma once

// A small HTTP server on the loopback, for tests: it answers GET as it was told to, well or badly, and remembers what
// it was asked.

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace sid {

// What a path answers with.
struct HttpAnswer {
  int status = 200;
  std::string body;
  std::string location;       // of a redirect
  bool honours_range = true;  // answers "Range: bytes=N-" with 206 and the rest
  int64_t cut_after = -1;     // closes the connection after so many bytes of the body; -1 sends all
  bool stalls = false;        // sends nothing until the client has gone
};

class HttpServer {
 public:
  HttpServer();
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // "http://127.0.0.1:PORT"; the kernel chose the port.
  std::string url() const;

  // Other paths answer with 404.
  void Set(const std::string& path, HttpAnswer answer);

  // The first line and the headers of every request until now, in order.
  std::vector<std::string> requests() const;

 private:
  void Serve();
  void Answer(int connection);

  int listener_ = -1;
  int port_ = 0;
  mutable std::mutex mutex_;
  std::map<std::string, HttpAnswer> answers_;
  std::vector<std::string> requests_;
  std::thread thread_;
};

}  // namespace sid
