#include "lock_rows.h"

#include <algorithm>

#include "gilspy/lock_blame.h"
#include "gilspy/wording.h"

namespace gilspy::thread_rows {
namespace {

constexpr double kNotable = 0.005;  // mean waiters
constexpr double kNotableShare = 0.1;

LockRow row_of(const Profile& profile, const LockProfile& lock) {
  LockRow row;
  row.name = wording::lock_name(lock.info);
  if (!lock.info.name.empty()) row.what = wording::printable(lock.info.type);
  row.waiters = lock.mean_waiters();
  if (lock.owner.has_value() && to_int(*lock.owner) < profile.threads.size()) {
    row.owner = wording::printable(wording::thread_label(profile, profile.threads[to_int(*lock.owner)]));
    row.inferred = lock.owner_inferred;
  }
  row.function = main_culprit(profile, lock);
  const Nanos for_gil = lock.owner_did[index_of(Activity::kWaitsForGil)];
  const LockProfile* const other = profile.lock(lock.owner_waits_for);
  const bool is_other = other != nullptr && lock.owner_waited > for_gil;
  row.next_share =
      double((is_other ? lock.owner_waited : for_gil).count()) / double(std::max(lock.waited, Nanos{1}).count());
  if (row.next_share >= kNotableShare) row.next = is_other ? wording::lock_name(other->info) : "the GIL";
  return row;
}

}  // namespace

std::vector<LockRow> lock_rows(const Profile& profile, std::size_t most) {
  std::vector<LockRow> rows;
  for (const LockProfile& lock : profile.locks) {
    if (rows.size() == most) break;
    if (is_contention(lock.info.kind) && lock.mean_waiters() >= kNotable) rows.push_back(row_of(profile, lock));
  }
  return rows;
}

}  // namespace gilspy::thread_rows
