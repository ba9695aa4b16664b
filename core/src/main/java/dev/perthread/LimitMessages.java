package dev.perthread;

import dev.perthread.ResourceInfo.State;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The text of exceptions at the limit: the numbers, and what may be in the way. */
final class LimitMessages {
    private LimitMessages() {}

    /** What came of a wait at the limit, and what may be in the way. */
    static <T> String of(PoolConfig<T, ?> config, SlotRegistry<T> registry, Thread me, String what, Duration waited) {
        Stats now = registry.stats();
        int limit = registry.limit();
        return config.shownName + ": " + Messages.of(me) + " " + what + ", after " + Messages.of(waited) + " (limit "
                + (limit == Integer.MAX_VALUE ? "none" : limit) + ofAll(registry.total) + ", leased " + now.leased()
                + ", idle " + now.idle()
                + ", opening " + now.opening() + ", waiting " + now.waiting() + ")" + hint(config, registry, me, now);
    }

    private static String ofAll(@Nullable TotalLimit<?> total) {
        if (total == null || total.limit == Integer.MAX_VALUE) {
            return "";
        }
        Map<State, Integer> all = total.countByState();
        return " for this key, " + total.limit + " for all keys, of which " + all.getOrDefault(State.LEASED, 0)
                + " leased, " + all.getOrDefault(State.IDLE, 0) + " idle, " + all.getOrDefault(State.OPENING, 0)
                + " opening; here";
    }

    private static <T> String hint(PoolConfig<T, ?> config, SlotRegistry<T> registry, Thread me, Stats now) {
        if (registry.isSuspended()) {
            return "; the pool is suspended, and resume() has not been called";
        }
        long mine = registry.slotsOf(me).stream()
                .filter(slot -> slot.state() == Slot.LEASED && !slot.isClaimed())
                .count();
        if (mine > 0) {
            return "; this thread holds " + mine + " of them itself, so it may be waiting for its own";
        }
        if (config.whenIdle == IdlePolicy.KEEP && now.idle() > 0) {
            return "; the idle ones are reserved for their threads, whenIdle(LEND) or an idleTimeout would free them";
        }
        if (now.leased() == 0) {
            return "";
        }
        return "; the leases are held for long, or some are never closed: "
                + (config.trace ? someLeases(registry) : "builder.trace(true) shows where they were acquired");
    }

    private static <T> String someLeases(SlotRegistry<T> registry) {
        List<String> shown = new ArrayList<>();
        for (Slot<T> slot : registry.all()) {
            Throwable trace = slot.trace;
            if (trace != null && slot.state() == Slot.LEASED && shown.size() < 3) {
                shown.add(Messages.of(slot.thread) + Messages.at(trace));
            }
        }
        return String.join(", ", shown);
    }
}
