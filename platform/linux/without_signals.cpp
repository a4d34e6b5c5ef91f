#include <pthread.h>
#include <signal.h>

#include "gilspy/platform.h"

namespace gilspy::platform {

struct WithoutSignals::Mask {
  sigset_t signals{};
};

WithoutSignals::WithoutSignals() : before_(std::make_unique<Mask>()) {
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before_->signals);
}

WithoutSignals::~WithoutSignals() { ::pthread_sigmask(SIG_SETMASK, &before_->signals, nullptr); }

}  // namespace gilspy::platform
