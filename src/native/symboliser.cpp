#include "symboliser.h"

#include <fmt/format.h>

#include "debug_files.h"
#include "demangle.h"
#include "gilspy/platform.h"
#include "module_names.h"
#include "roles.h"
#include "unwind_table.h"

namespace gilspy::native {
namespace {

constexpr std::size_t kMostKnown = 1U << 18;

}  // namespace

const Symboliser::Functions& Symboliser::at(RemoteAddr address) {
  if (changes_ != space_.changes() || known_.size() > kMostKnown) forget();
  const auto [entry, is_new] = known_.try_emplace(address);
  if (is_new) entry->second = functions_at(address);
  return entry->second;
}

void Symboliser::forget() {
  changes_ = space_.changes();
  known_.clear();
  images_.clear();
}

Symboliser::Functions Symboliser::functions_at(RemoteAddr address) {
  const NativeImage* const mapped = space_.image_at(address);
  if (mapped == nullptr) return {std::make_shared<NativeFunction>(NativeFunction{"(unknown code)", "", NativeFunction::Role::kCode})};
  Image& image = image_of(*mapped);
  const std::uint64_t in_file = address.value() - mapped->bias;
  Functions found;
  const auto containing = function(image, name_at(image, *mapped, in_file), false);
  if (image.inlines != nullptr) {
    const bool in_loop = containing->role == NativeFunction::Role::kEval;  // there, hundreds of them are
    for (const std::string& name : image.inlines->at(in_file)) found.push_back(function(image, name, true, in_loop));
  }
  found.push_back(containing);
  return found;
}

Symboliser::Image& Symboliser::image_of(const NativeImage& mapped) {
  const auto [entry, is_new] = images_.try_emplace(mapped.begin.value());
  if (!is_new) return *entry->second;
  entry->second = std::make_unique<Image>();
  Image& image = *entry->second;
  image.module = module_name(mapped.path);
  image.is_interpreter = mapped.path == interpreter_;
  auto file = space_.file_of(mapped);
  if (file == nullptr) return image;
  image.symbols.add(file->bytes());
  const DebugLink link = debug_link_of(file->bytes());
  if (link.has_own) {
    image.inlines = std::make_unique<Inlines>(std::move(file));
  } else if (auto debug = find_debug_file(link, mapped.path, root_)) {
    image.symbols.add(debug->bytes());
    image.inlines = std::make_unique<Inlines>(std::move(debug));
  }
  return image;
}

std::string Symboliser::name_at(Image& image, const NativeImage& mapped, std::uint64_t address) {
  if (const auto symbol = image.symbols.find(address)) return demangled(symbol->name);
  const auto begin = function_begin(space_, mapped, RemoteAddr(address + mapped.bias));
  if (!begin.has_value()) return fmt::format("{}+{:#x}", image.module, address);
  if (!image.methods.has_value()) image.methods.emplace(space_, mapped, types_);
  if (const auto name = image.methods->find(*begin)) return *name;
  return fmt::format("{}+{:#x}", image.module, begin->value() - mapped.bias);
}

std::shared_ptr<const NativeFunction> Symboliser::function(Image& image, const std::string& name, bool inlined,
                                                           bool in_loop) {
  auto& known = image.functions[fmt::format("{}{}{}", name, inlined ? " inlined" : "", in_loop ? " in the loop" : "")];
  if (known == nullptr) {
    const auto role = in_loop ? NativeFunction::Role::kCall : role_of(name, image.is_interpreter, inlined);
    known = std::make_shared<NativeFunction>(NativeFunction{name, image.module, role});
  }
  return known;
}

std::shared_ptr<const NativeFunction> Symboliser::system_call(std::int64_t number) {
  auto& known = calls_[number];
  if (known == nullptr) {
    known = std::make_shared<NativeFunction>(
        NativeFunction{platform::syscall_name(number), "kernel", NativeFunction::Role::kCode});
  }
  return known;
}

}  // namespace gilspy::native
