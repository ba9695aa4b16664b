package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Whose turn it is among the keys, against a list that is searched from its beginning: permits go by arrival, but for keys
 * at their limit, and room is made once for each that needs it, by the longest idle of those that may give way.
 */
class TotalLimitTest {
    private static final int KEYS = 7;
    private static final int LIMIT = 6;
    private static final int PER_KEY = 2;

    private record Waiting(int key, Waiter<Object> waiter) {}

    private record Present(int key, Slot<Object> slot) {}

    private final TotalLimit<Object> total = new TotalLimit<>(LIMIT);
    private final List<SlotRegistry<Object>> keys = new ArrayList<>();
    private final List<Waiting> waiting = new ArrayList<>(); // in order of arrival
    private final List<Present> opening = new ArrayList<>();
    private final List<Present> idle = new ArrayList<>();
    private final List<Present> closing = new ArrayList<>();
    private final Random random = new Random();
    private int roomsMade;
    private int granted;
    private int vanished;
    private int closed;

    private final PoolConfig<Object, RuntimeException> config = PerThread.<Object, RuntimeException>builder(
                    Object::new, Closer.none())
            .whenIdle(IdlePolicy.LEND)
            .limit(PER_KEY)
            .config();

    TotalLimitTest() {
        for (int key = 0; key < KEYS; key++) {
            keys.add(registry());
        }
    }

    private SlotRegistry<Object> registry() {
        return new SlotRegistry<>(new Pool<>(config), config, total, () -> true, false);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void permitsAndRoom_mustGoByArrival_whateverThreadsDo(long seed) {
        random.setSeed(seed);
        for (int step = 0; step < 20_000; step++) {
            switch (random.nextInt(11)) {
                case 0, 1 -> comes(random.nextInt(KEYS));
                case 2, 3, 4 -> opens();
                case 5 -> fails();
                case 6, 7 -> makesRoom();
                case 8 -> closed();
                case 9 -> serves();
                default -> givesUp();
            }
            assertThat(total.isWaitedFor()).isEqualTo(!waiting.isEmpty() && present() == LIMIT);
            assertThat(total.stats().waiting()).isEqualTo(waiting.size());
            assertThat(total.holdingPools()).hasSize((int)
                    keys.stream().filter(key -> !key.all().isEmpty()).count());
        }
        assertThat(roomsMade).isGreaterThan(100); // or this looked at too little
        assertThat(granted).isGreaterThan(100);
        assertThat(vanished).isGreaterThan(100);
        assertThat(total.stats().closed()).isEqualTo(closed); // also of the keys that are gone
    }

    private void comes(int key) {
        Admission<Object> admission = keys.get(key).admit(new Thread(), true);
        if (admission == Admission.Refusal.KEY_GONE) { // as nothing was left of it
            keys.set(key, registry());
            vanished++;
            admission = keys.get(key).admit(new Thread(), true);
        }
        if (admission instanceof Waiter<Object> waiter) {
            waiting.add(new Waiting(key, waiter));
        } else if (admission instanceof Slot<Object> slot && slot.state() == Slot.OPENING) {
            opening.add(new Present(key, slot));
        } else if (admission instanceof Slot<Object> slot) { // somebody's idle one, which is idle again at once
            idle.removeIf(each -> each.slot.id == slot.id);
            becomesIdle(new Present(key, slot));
        } else {
            throw new AssertionError(admission);
        }
    }

    private void opens() {
        Present one = any(opening);
        if (one != null) {
            one.slot.setResource(new Object());
            assertThat(keys.get(one.key).opened(one.slot, 0)).isTrue();
            becomesIdle(one);
        }
    }

    private void becomesIdle(Present one) {
        one.slot.leasedToIdle();
        one.slot.idleSince = random.nextInt();
        new Handoff<>(config, keys.get(one.key)).listIdle(one.slot);
        idle.add(one);
    }

    private void fails() {
        Present one = any(opening);
        if (one != null) {
            Waiting next = next(one.key);
            keys.get(one.key).removeUnopened(one.slot, null, 0);
            isGranted(next);
        }
    }

    private void closed() {
        Present one = any(closing);
        if (one != null) {
            Waiting next = next(one.key);
            keys.get(one.key).removeClosed(one.slot, CloseReason.MADE_ROOM, false);
            closed++;
            isGranted(next);
        }
    }

    /** Who gets a permit of this key. */
    private @Nullable Waiting next(int freed) {
        return waiting.stream()
                .filter(each -> each.key == freed || roomOf(each.key) > 0)
                .findFirst()
                .orElse(null);
    }

    private void isGranted(@Nullable Waiting next) {
        for (Waiting each : List.copyOf(waiting)) {
            Slot<Object> slot = each.waiter.granted;
            assertThat(slot != null).isEqualTo(each == next);
            if (slot != null) {
                waiting.remove(each);
                opening.add(new Present(each.key, slot));
                granted++;
            }
        }
    }

    private void makesRoom() {
        total.isFirstInNeed(keys.get(0)); // whoever can no longer count on room that was made is in need again
        assertThat(waiting.stream().filter(each -> each.waiter.roomIsMade)).hasSizeLessThanOrEqualTo(closing.size());
        Waiting needs = present() < LIMIT ? null : inNeed();
        if (present() == LIMIT && eligible() > closing.size()) {
            assertThat(needs).isNotNull();
        }
        Present longest = needs == null
                ? null
                : idle.stream()
                        .filter(each -> waiting.stream()
                                .takeWhile(before -> before != needs)
                                .noneMatch(before -> before.key == each.key))
                        .filter(each -> each.key != needs.key)
                        .min(Comparator.comparing(
                                each -> each.slot, (one, other) -> Long.compare(one.idleSince - other.idleSince, 0)))
                        .orElse(null);
        Slot<Object> claimed = total.claimLongestIdle();
        assertThat(claimed).isSameAs(longest == null ? null : longest.slot);
        if (longest != null && needs != null) {
            idle.remove(longest);
            closing.add(longest);
            assertThat(needs.waiter.roomIsMade).isTrue();
            roomsMade++;
        }
    }

    /** How many wait for nothing but the limit for all. */
    private int eligible() {
        int all = 0;
        for (int i = 0; i < KEYS; i++) {
            int key = i;
            all += Math.min(roomOf(key), (int)
                    waiting.stream().filter(each -> each.key == key).count());
        }
        return all;
    }

    /** What is idle goes to who waits for the same key, unless room is needed for somebody who came before. */
    private void serves() {
        Present one = any(idle);
        if (one == null) {
            return;
        }
        PermitQueue<Object> queue = keys.get(one.key).queue;
        Waiting own =
                waiting.stream().filter(each -> each.key == one.key).findFirst().orElse(null);
        Waiting other = present() < LIMIT ? null : inNeed();
        boolean first = own != null && (other == null || waiting.indexOf(own) <= waiting.indexOf(other));
        assertThat(queue.servesOwn()).isEqualTo(first);
        if (own == null || !first) {
            idle.add(one);
            return;
        }
        assertThat(queue.handOver(one.slot)).isSameAs(own.waiter);
        Slot<Object> slot = own.waiter.granted;
        assertThat(slot).isNotNull();
        waiting.remove(own);
        becomesIdle(new Present(one.key, slot));
    }

    private @Nullable Waiting inNeed() {
        for (Waiting each : waiting) {
            long before = waiting.stream()
                    .takeWhile(other -> other != each)
                    .filter(other -> other.key == each.key)
                    .count();
            if (!each.waiter.roomIsMade && roomOf(each.key) > before) {
                return each;
            }
        }
        return null;
    }

    private void givesUp() {
        Waiting one = any(waiting);
        if (one != null) {
            assertThat(keys.get(one.key).queue.giveUp(one.waiter, true)).isTrue();
        }
    }

    private int present() {
        return keys.stream().mapToInt(key -> key.all().size()).sum();
    }

    private int roomOf(int key) {
        return PER_KEY - keys.get(key).all().size();
    }

    /** Takes one out; null if there is none. */
    private <E> @Nullable E any(List<E> all) {
        return all.isEmpty() ? null : all.remove(random.nextInt(all.size()));
    }
}
