#include <catch2/catch.hpp>

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>

#include "shmbus/shmbus.hpp"
#include "support/temporary_bus.hpp"

using shmbus::Status;

namespace {

struct Frame {
  std::uint32_t width = 640;
  std::uint32_t height;
  std::array<std::uint8_t, 1000> pixels;
};

struct alignas(128) Aligned {
  std::uint64_t number;
};

template <class T>
concept GivesLoans = requires(T publisher) {
  std::forward<T>(publisher).loan(8);
};
template <class T>
concept TriesLoans = requires(T publisher) {
  std::forward<T>(publisher).try_loan(8);
};
template <class T>
concept GivesTypedLoans = requires(T publisher) {
  std::forward<T>(publisher).loan();
};
template <class T>
concept TriesTypedLoans = requires(T publisher) {
  std::forward<T>(publisher).try_loan();
};

}  // namespace

TEST_CASE("a loan of a temporary publisher does not compile", "[loan]") {
  STATIC_REQUIRE(GivesLoans<shmbus::Publisher&>);
  STATIC_REQUIRE(TriesLoans<shmbus::Publisher&>);
  STATIC_REQUIRE_FALSE(GivesLoans<shmbus::Publisher&&>);
  STATIC_REQUIRE_FALSE(TriesLoans<shmbus::Publisher&&>);
  STATIC_REQUIRE(GivesTypedLoans<shmbus::TypedPublisher<Frame>&>);
  STATIC_REQUIRE(TriesTypedLoans<shmbus::TypedPublisher<Frame>&>);
  STATIC_REQUIRE_FALSE(GivesTypedLoans<shmbus::TypedPublisher<Frame>&&>);
  STATIC_REQUIRE_FALSE(TriesTypedLoans<shmbus::TypedPublisher<Frame>&&>);
}

TEST_CASE("a typed loan is a value written in place and published by commit", "[loan]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  auto publisher = bus.publisher<Frame>("video.frame");
  shmbus::Subscriber subscriber = bus.subscriber("video.frame");

  publisher.publish(Frame{.width = 1, .height = 77, .pixels = {}});
  shmbus::TypedLoan<Frame> loan = GENERATE(false, true) ? publisher.loan() : publisher.try_loan();
  REQUIRE(loan);
  CHECK(loan.status() == Status::ok);
  CHECK(loan->width == 640);  // begins as Frame()
  CHECK(loan->height == 0);
  CHECK(&*loan == &loan.value());
  loan->height = 480;
  loan.value().pixels[999] = 9;
  CHECK(publisher.try_publish(Frame{}).status() == Status::loan_open);
  CHECK(loan.commit().sequence() == 2);
  CHECK_FALSE(loan);
  CHECK(loan.commit().status() == Status::closed);

  std::optional<Frame> seen;
  subscriber.poll([&](const shmbus::Event& event) {
    if (const Frame* frame = event.as<Frame>()) seen = *frame;
  });
  REQUIRE(seen);
  CHECK(seen->width == 640);
  CHECK(seen->height == 480);
  CHECK(seen->pixels[999] == 9);
}

TEST_CASE("a typed loan that is dropped or aborted publishes nothing", "[loan]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  auto publisher = bus.publisher<Frame>("video.frame");
  shmbus::Subscriber subscriber = bus.subscriber("video.frame");
  static_cast<void>(publisher.loan());
  auto loan = publisher.loan();
  loan.abort();
  CHECK(subscriber.poll([](const shmbus::Event&) {}) == 0);
  CHECK(publisher.publish(Frame{}).status() == Status::ok);
  CHECK(subscriber.poll([](const shmbus::Event&) {}) == 1);
  CHECK(subscriber.lost() == 0);
}

TEST_CASE("a typed loan has the alignment of its type", "[loan]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  auto publisher = bus.publisher<Aligned>("aligned", {.block_size = 4096});
  for (int i = 0; i < 100; ++i) {  // over several blocks
    auto loan = publisher.loan();
    REQUIRE(loan);
    CHECK(reinterpret_cast<std::uintptr_t>(&loan.value()) % alignof(Aligned) == 0);
    loan->number = 1;
    CHECK(loan.commit());
  }
}

TEST_CASE("a commit of more bytes than the loan has is refused, publishes nothing, and leaves the loan open",
          "[loan]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Publisher publisher = bus.publisher("t");
  shmbus::Loan loan = publisher.loan(10);
  CHECK(loan.commit(11).status() == Status::beyond_loan);
  CHECK(loan.commit(~std::size_t{0}).status() == Status::beyond_loan);
  CHECK_THAT(shmbus::to_string(Status::beyond_loan), Catch::Contains("payload().size()"));
  CHECK(loan);
  std::memset(loan.payload().data(), 'x', 10);
  CHECK(loan.commit(10).sequence() == 1);
}

TEST_CASE("a loan knows the sequence that its event will have, and 0 once it is ended", "[loan]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  const auto writers = GENERATE(shmbus::Writers::shared, shmbus::Writers::exclusive);
  shmbus::Publisher publisher = bus.publisher("t", {.writers = writers});
  publisher.publish("before");
  shmbus::Loan loan = publisher.loan(8);
  CHECK(loan.sequence() == 2);
  const shmbus::Loan none = publisher.try_loan(8);  // one loan at a time
  CHECK_FALSE(none);
  CHECK(none.sequence() == 0);
  shmbus::Loan moved = std::move(loan);
  CHECK(loan.sequence() == 0);
  CHECK(moved.sequence() == 2);
  CHECK(moved.commit(4).sequence() == 2);
  CHECK(moved.sequence() == 0);
  shmbus::Loan dropped = publisher.loan(8);
  CHECK(dropped.sequence() == 3);
  dropped.abort();
  CHECK(dropped.sequence() == 0);
  shmbus::Loan next = publisher.loan(8);
  const std::uint64_t sequence = next.sequence();
  CHECK(next.commit().sequence() == sequence);
}

TEST_CASE("a typed loan knows the sequence that its event will have", "[loan]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  auto publisher = bus.publisher<Frame>("video.frame");
  publisher.publish(Frame{});
  auto loan = publisher.loan();
  CHECK(loan.sequence() == 2);
  CHECK(publisher.try_loan().sequence() == 0);
  CHECK(loan.commit().sequence() == 2);
  CHECK(loan.sequence() == 0);
}
