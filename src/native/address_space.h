// Code that a process has mapped, and the memory around it that does not change: read once, page by page.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "gilspy/native.h"
#include "gilspy/target.h"

namespace gilspy::native {

class AddressSpace final : public NativeMemory {
 public:
  explicit AddressSpace(Target& target) : target_(target) {}

  const NativeImage* image_at(RemoteAddr address) override;
  bool read(RemoteAddr from, std::span<std::byte> into) override;
  bool is_data(RemoteAddr address) override;

  // Of one that image_at() gave. Nothing: it cannot be read, or is no file ("[vdso]").
  std::unique_ptr<FileBytes> file_of(const NativeImage& image);

  // Its memory that is no code, as it is now: what can be written may change.
  struct Data {
    RemoteAddr begin;
    std::vector<std::byte> bytes;
  };
  std::vector<Data> data_of(const NativeImage& image);
  // Whether the images that have these addresses are those that are known by now. If not, what lies where is read anew.
  bool is_up_to_date(std::span<const RemoteAddr> addresses);
  // How often images were found to lie where others did: what is known by addresses is out of date then.
  std::uint64_t changes() const { return changes_; }
  // Mappings are read anew at the next miss, but not more often than this is called.
  void allow_refresh() { may_refresh_ = true; }

 private:
  struct Known {
    NativeImage image;
    Mapping first;
    std::vector<std::byte>
        begin;  // of its memory, by which it is known again: headers, and mostly a build's own number
    // [begin, end) that can be executed; that cannot be written; that is no code.
    std::vector<std::pair<RemoteAddr, RemoteAddr>> code, constant, data;
  };
  static constexpr std::uint64_t kPage = 4096;
  using Page = std::array<std::byte, kPage>;

  Known* known_at(RemoteAddr address);
  void refresh();
  void look_into(Known& known);
  const Page* page(std::uint64_t number);

  Target& target_;
  std::map<std::uint64_t, std::unique_ptr<Known>> images_;  // by their begin
  std::unordered_map<std::uint64_t, std::unique_ptr<Page>> pages_;
  bool may_refresh_ = true;
  std::uint64_t changes_ = 0;
};

}  // namespace gilspy::native
