package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.locks.ReentrantLock;
import org.junit.jupiter.api.Test;

/** Each key has one entry, whatever its hash and whoever adds another one meanwhile. */
class KeyTableTest {

    /** With few hashes, of which some are told apart in no table. */
    private record Key(int number, int hashes) {
        @Override
        public int hashCode() {
            return number % hashes;
        }
    }

    private final Pool<Object, RuntimeException> pool =
            new Pool<>(PerThread.<Object, RuntimeException>builder(Object::new, Closer.none())
                    .config());
    private final KeyTable<Key, Object, RuntimeException> table = new KeyTable<>(new ReentrantLock());

    private KeyTable.Entry<Key, Object, RuntimeException> added(Key key) {
        return table.findOrAdd(key, entry -> pool);
    }

    @Test
    void entries_mustBeThoseOfAMap_howeverManyComeAndGo() {
        Random random = new Random(1);
        for (int hashes : new int[] {1, 7, 1_000_000}) {
            Map<Key, KeyTable.Entry<Key, Object, RuntimeException>> expected = new HashMap<>();
            for (int step = 0; step < 20_000; step++) {
                int many = step < 10_000 ? 200 : 10; // grows, and shrinks
                Key key = new Key(random.nextInt(200), hashes);
                KeyTable.Entry<Key, Object, RuntimeException> known = expected.get(key);
                assertThat(table.find(key)).isSameAs(known);
                if (known == null && key.number < many) {
                    expected.put(key, added(key));
                } else if (known != null) {
                    assertThat(added(new Key(key.number, hashes))).isSameAs(known);
                    if (key.number >= many || random.nextBoolean()) {
                        table.remove(known);
                        table.remove(known); // nothing the second time
                        expected.remove(key);
                    }
                }
            }
            assertThat(table.keys()).containsExactlyInAnyOrderElementsOf(expected.keySet());
            List.copyOf(expected.values()).forEach(table::remove);
            assertThat(table.keys()).isEmpty();
        }
    }

    @Test
    void findOrAdd_mustReturnTheEntryOfTheSameKey_ifThatWasAddedMeanwhile() {
        Key key = new Key(1, 1);
        List<Object> meanwhile = new ArrayList<>();
        Object found = table.findOrAdd(key, entry -> {
            meanwhile.add(added(new Key(2, 1))); // with the same hash
            meanwhile.add(added(new Key(1, 1)));
            return pool;
        });
        assertThat(found).isSameAs(meanwhile.get(1));
        assertThat(table.keys()).containsExactlyInAnyOrder(key, new Key(2, 1));
    }

    /** By an equals that is called just before the table is changed. */
    @Test
    void findOrAdd_mustReturnTheEntryOfTheSameKey_ifThatWasAddedAfterTheLook() {
        record Late(int number, Runnable whenAsked) {
            @Override
            public boolean equals(Object other) {
                whenAsked.run();
                return other instanceof Late late && late.number == number;
            }

            @Override
            public int hashCode() {
                return 7;
            }
        }
        KeyTable<Late, Object, RuntimeException> late = new KeyTable<>(new ReentrantLock());
        late.findOrAdd(new Late(0, () -> {}), entry -> pool);
        List<Object> meanwhile = new ArrayList<>();
        Late key = new Late(1, () -> {
            if (meanwhile.isEmpty()) {
                meanwhile.add(this);
            } else if (meanwhile.size() == 1) { // the second look, at what is known to have another key
                meanwhile.add(late.findOrAdd(new Late(1, () -> {}), entry -> pool));
            }
        });
        assertThat(late.findOrAdd(key, entry -> pool)).isSameAs(meanwhile.get(1));
        assertThat(late.keys()).hasSize(2);
    }
}
