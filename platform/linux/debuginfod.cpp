#ifdef GILSPY_DEBUGINFOD
#include <elfutils/debuginfod.h>
#endif
#include <unistd.h>

#include <cstdlib>

#include "gilspy/platform.h"
#include "unique_fd.h"

namespace gilspy::platform {

std::unique_ptr<FileBytes> fetch_debug_file([[maybe_unused]] std::span<const std::byte> build_id) {
#ifdef GILSPY_DEBUGINFOD
  const char* const servers = std::getenv("DEBUGINFOD_URLS");
  if (servers == nullptr || *servers == '\0') return nullptr;  // nobody asked for it: no network
  debuginfod_client* const client = ::debuginfod_begin();
  if (client == nullptr) return nullptr;
  char* path = nullptr;
  const UniqueFd file(::debuginfod_find_debuginfo(client, reinterpret_cast<const unsigned char*>(build_id.data()),
                                                  static_cast<int>(build_id.size()), &path));
  ::debuginfod_end(client);
  if (!file) return nullptr;
  const std::unique_ptr<char, void (*)(void*)> owner(path, std::free);
  auto bytes = map_file(path);
  return bytes.has_value() ? std::move(*bytes) : nullptr;
#else
  return nullptr;
#endif
}

}  // namespace gilspy::platform
