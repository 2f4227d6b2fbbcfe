#pragma once

#include <memory>
#include <vector>

#include "client/group_core.hpp"
#include "dispatch/worker_loop.hpp"
#include "platform/once_per_second.hpp"
#include "shmbus/dispatch_options.hpp"
#include "trace/call_recorder.hpp"

namespace shmbus::detail {

/// The workers of a group's subscription: each takes leases of one member, and calls the handler. The last one that ends
/// leaves the group.
class GroupLoop final : public WorkerLoop {
 public:
  GroupLoop(std::shared_ptr<BusCore> bus, std::shared_ptr<GroupCore> member, Handler handler,
            const DispatchOptions& options);

  void run() override;
  void give_up() noexcept override;
  void end() noexcept override;

  std::uint64_t lost() noexcept override;
  Status status() noexcept override;
  bool demoted() noexcept override { return false; }
  bool standing_by() const noexcept override { return false; }
  std::vector<UnattachedTopic> unattached() override { return {}; }

 private:
  struct Worker {
    GroupLoop& loop;
    std::size_t number;     // among the workers, from 0
    bool returned = false;  // normally, not by pthread_exit
    ~Worker() { loop.leave_group(*this); }
  };
  void handle(const Worker& me, Lease lease);
  void report_expired(const Event& event) noexcept;
  void leave_group(const Worker& me) noexcept;
  void finish() noexcept;
  std::shared_ptr<GroupCore> member() noexcept;

  std::unique_ptr<trace::CallRecorder> recorder_;  // a lane for each worker; null: none
  std::mutex mutex_;
  std::shared_ptr<GroupCore> member_;  // reset by the last worker, under `mutex_`
  std::atomic<std::size_t> started_{0};
  std::atomic<std::uint64_t> lost_{0};  // when it ended
  platform::OncePerSecond expiry_reports_{};
};

}  // namespace shmbus::detail
