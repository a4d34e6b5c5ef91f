// Whether this build has AddressSanitizer.
#pragma once

namespace gilspy::platform {

// Leak detection stops our own threads with ptrace at the end.
#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool kSanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif
#else
inline constexpr bool kSanitized = false;
#endif

}  // namespace gilspy::platform
