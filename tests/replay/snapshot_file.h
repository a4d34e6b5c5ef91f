// Snapshots as files: compressed with zstd.
#pragma once

#include <filesystem>

#include "gilspy/result.h"
#include "platform/replay/snapshot.h"

namespace gilspy::replay {

// Errors: kSystem, kCorrupt.
Result<Snapshot> load(const std::filesystem::path& file);
Result<void> save(const std::filesystem::path& file, const Snapshot& snapshot);

}  // namespace gilspy::replay
