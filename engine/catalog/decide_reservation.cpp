#include "engine/catalog/catalog_decider.hpp"

namespace souk::engine {

CatalogDecider::Decision CatalogDecider::operator()(const RecordReservation& command) {
  if (std::optional<Decision> stored = stored_answer(command.idempotency))
    return *std::move(stored);

  if (command.reservation) {
    const Reservation* existing = state_.reservations.find(command.reservation->id, seen_);
    // What is over does not come back to life by a record that was late (an extension overtaken by
    // a commit).
    const bool late = existing != nullptr && existing->state != HoldState::held &&
                      command.reservation->state == HoldState::held;
    const bool news = existing == nullptr || *existing != *command.reservation;
    if (news && !late) emit(ReservationRecorded{*command.reservation});
  }
  if (command.refusal) return refuse_and_store(command.idempotency, *command.refusal, command.now);
  if (!command.reservation) return answer(Acknowledged{});

  if (command.idempotency.present()) {
    AnswerRecorded event;
    event.key = command.idempotency;
    event.reservation = command.reservation;
    event.time = command.now;
    emit(std::move(event));
  }
  return answer(ReservationReply{*command.reservation, {}});
}

CatalogDecider::Decision CatalogDecider::operator()(const ExpireDue& command) {
  HoldsForgotten holds;
  AnswersForgotten answers;
  ReservationsForgotten reservations;
  std::vector<HoldId> expired;
  // The indexes are of committed state; what is tentatively over already is skipped.
  const auto room = [&] {
    return holds.ids.size() + answers.keys.size() + reservations.ids.size() + expired.size() <
           kExpiredMax;
  };
  committed_.due_holds.for_each_due(command.now, [&](const HoldId& id) {
    const Hold* now = hold(id);
    if (now != nullptr && now->expires_at <= command.now) {
      (now->state == HoldState::held ? expired : holds.ids).push_back(id);
    }
    return room();
  });
  committed_.due_answers.for_each_due(command.now + -kFinishedKept, [&](const std::string& key) {
    const AnswerEntry* now = state_.answers.find(key, seen_);
    if (now != nullptr && now->answer.time + kFinishedKept <= command.now)
      answers.keys.push_back(key);
    return room();
  });
  committed_.due_reservations.for_each_due(command.now + -kFinishedKept, [&](const HoldId& id) {
    const Reservation* now = state_.reservations.find(id, seen_);
    if (now != nullptr && now->expires_at + kFinishedKept <= command.now)
      reservations.ids.push_back(id);
    return room();
  });

  for (HoldId& id : expired) {
    emit(HoldReleased{std::move(id), true, command.now, forget_at(HoldOwner::client, command.now)});
  }
  if (!holds.ids.empty()) emit(std::move(holds));
  if (!answers.keys.empty()) emit(std::move(answers));
  if (!reservations.ids.empty()) emit(std::move(reservations));
  return answer(Acknowledged{});
}

}  // namespace souk::engine
