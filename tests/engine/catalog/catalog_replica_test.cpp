#include "engine/catalog/catalog_replica.hpp"

#include "engine/search/search.hpp"
#include "tests/engine/catalog/catalog_support.hpp"

namespace souk::engine {
namespace {

using namespace testing;

TEST_CASE("catalog replica: one stream gives equal state and snapshots, however it is cut") {
  Shard shard = shard_with(5);
  shard.run(hold_of("h", {line_of("A", 2)}));
  shard.run(put_of(product_of("a", {variant_of("A", 1200), variant_of("A2", 900, 3)})));
  shard.run(DeleteProduct{ProductId{"b"}, {}, kNoon});
  shard.run(put_of(product_of("c", {variant_of("C", 10, 1)})));

  CatalogReplica at_once{kShard};
  CatalogReplica one_by_one{kShard};
  const SnapshotPtr whole = at_once.apply(shard.journal);
  SnapshotPtr stepped;
  for (const CatalogRecord& record : shard.journal) stepped = one_by_one.apply({&record, 1});

  CHECK(at_once.state().hash() == shard.state.hash());
  CHECK(one_by_one.state().hash() == shard.state.hash());
  CHECK(snapshot_size(*whole) == 2);
  CHECK(snapshot_size(*stepped) == 2);
  CHECK(snapshot_position(*whole) == shard.state.position());
  CHECK(snapshot_position(*stepped) == snapshot_position(*whole));
  Query query;
  query.q = "title";
  const SearchPage a = search({&whole, 1}, query, kNoon, {});
  const SearchPage b = search({&stepped, 1}, query, kNoon, {});
  REQUIRE(a.found == 2);
  REQUIRE(b.hits.size() == a.hits.size());
  for (std::size_t i = 0; i < a.hits.size(); ++i) {
    CHECK(a.hits[i].id == b.hits[i].id);
    CHECK(a.hits[i].text_match == b.hits[i].text_match);
    CHECK(a.hits[i].price == b.hits[i].price);
    CHECK(a.hits[i].available == b.hits[i].available);
  }
}

TEST_CASE("catalog replica: a restarted one indexes what its state holds") {
  Shard shard = shard_with(5);
  CatalogReplica replica{kShard};
  CatalogChanges image = shard.state.take_changes();
  const Position position = image.position;
  const std::uint64_t hash = image.state_hash;
  replica.state().load(std::move(image));
  replica.state().set_loaded(position, hash);

  const SnapshotPtr snapshot = replica.rebuild();

  CHECK(snapshot_size(*snapshot) == 2);
  CHECK(snapshot_position(*snapshot) == position);
}

}  // namespace
}  // namespace souk::engine
