// Tells one state of the explored program from another.
package model;

import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import model.Explorer.Actor;
import org.jspecify.annotations.Nullable;

/** A 64-bit hash of all that the rest of a run can depend on. */
final class Heap {

    /** Counters and stamps that decide nothing, and what never changes. */
    static final Set<String> LEFT_OUT = Set.of(
            "options",
            "since",
            "setting",
            "events",
            "clock",
            "lock",
            "resourceRemoved",
            "trace",
            "pool",
            "forgetKey",
            "removeEntry",
            "closing",
            "counters",
            "most",
            "opened",
            "closedCount",
            "pastUses",
            "waited",
            "openFailures",
            "closeFailures",
            "timeouts",
            "reclaimed",
            "leaked",
            "uses",
            "leasedAt",
            "openedAt",
            "openNanos",
            "idleSince",
            "tick",
            "recent",
            "registered",
            "reaperEntry",
            "id",
            "lastId",
            "live",
            "used",
            "number",
            "recorded",
            "atEnd");

    private static final Map<Class<?>, Field[]> FIELDS = new HashMap<>();

    private Heap() {}

    static long mix(long hash, long value) {
        long mixed = (hash ^ value) * 0x9E3779B97F4A7C15L;
        mixed ^= mixed >>> 32;
        return mixed * 0xD6E8FEB86659FD93L + value;
    }

    static long state(Explorer explorer, Object root) {
        long hash = 1;
        for (Actor actor : explorer.actors) {
            hash = mix(hash, actor.status.name().hashCode());
            hash = mix(hash, actor.history);
            hash = mix(hash, actor.clock);
            hash = mix(hash, actor.buffered == null ? 0 : actor.bufferedKey);
            hash = mix(
                    hash,
                    (actor.permit ? 1 : 0)
                            + (actor.interrupted ? 2 : 0)
                            + (actor.signalled ? 4 : 0)
                            + (actor.locked ? 8 : 0)
                            + (actor.entered ? 16 : 0));
        }
        // What actors hold in their local variables may be reachable from nowhere else.
        long held = 0;
        for (Map.Entry<Object, Integer> born : explorer.births.entrySet()) {
            held += shallow(explorer, born.getKey(), born.getValue());
        }
        return reach(explorer, root, mix(hash, held), new IdentityHashMap<>());
    }

    /** Where each actor stands, which a state should imply: they have read the same and called the same. */
    static long places(Explorer explorer, long state) {
        long hash = state;
        for (Actor actor : explorer.actors) {
            hash = mix(hash, actor.at.hashCode());
        }
        return hash;
    }

    private static long shallow(Explorer explorer, Object object, long hash) {
        long mixed = hash;
        try {
            for (Field field : fields(object.getClass())) {
                mixed = mix(mixed, name(explorer, field.get(object)));
            }
        } catch (IllegalAccessException impossible) {
            throw new LinkageError(impossible.getMessage(), impossible);
        }
        return mixed;
    }

    private static long reach(Explorer explorer, @Nullable Object object, long hash, Map<Object, Object> known) {
        long mixed = mix(hash, name(explorer, object));
        if (object == null || isPlain(object) || known.put(object, object) != null) {
            return mixed;
        }
        if (object instanceof Collection<?> elements) {
            for (Object element : elements) {
                mixed = reach(explorer, element, mixed, known);
            }
        } else if (object instanceof Map<?, ?> map) {
            for (Map.Entry<?, ?> entry : map.entrySet()) { // with keys that are the same in every run
                mixed = reach(explorer, entry.getValue(), mix(mixed, name(explorer, entry.getKey())), known);
            }
        } else if (object instanceof int[] numbers) {
            for (int number : numbers) {
                mixed = mix(mixed, number);
            }
        } else if (object instanceof Object[] elements) {
            long sum = 0; // a hash table: where an entry is found does not matter, unless the cells are looked at
            for (int i = 0; i < elements.length; i++) {
                long place = explorer.tables ? i : 0;
                sum += elements[i] == null ? 0 : reach(explorer, elements[i], place, known);
            }
            mixed = mix(mixed, sum);
        } else if (object.getClass().getName().startsWith("dev.perthread")) {
            try {
                for (Field field : fields(object.getClass())) {
                    mixed = reach(explorer, field.get(object), mixed, known);
                }
            } catch (IllegalAccessException impossible) {
                throw new LinkageError(impossible.getMessage(), impossible);
            }
        }
        return mixed;
    }

    private static boolean isPlain(Object object) {
        return object instanceof Number
                || object instanceof Boolean
                || object instanceof String
                || object instanceof Enum
                || object instanceof Thread;
    }

    private static Field[] fields(Class<?> type) {
        return FIELDS.computeIfAbsent(type, any -> {
            List<Field> fields = new ArrayList<>();
            for (Class<?> up = type; up != null && up != Object.class; up = up.getSuperclass()) {
                for (Field field : up.getDeclaredFields()) {
                    if (!Modifier.isStatic(field.getModifiers()) && !LEFT_OUT.contains(field.getName())) {
                        field.setAccessible(true);
                        fields.add(field);
                    }
                }
            }
            return fields.toArray(new Field[0]);
        });
    }

    /** A number for a value that is the same in every run: never an address. */
    static long name(Explorer explorer, @Nullable Object object) {
        if (object == null) {
            return 1;
        }
        if (object instanceof Thread thread) {
            return thread.getName().hashCode();
        }
        if (object instanceof Enum<?> constant) {
            return constant.name().hashCode();
        }
        if (object instanceof Number || object instanceof Boolean || object instanceof String) {
            return object instanceof AtomicInteger counter ? counter.get() : object.hashCode();
        }
        if (object instanceof AtomicBoolean flag) {
            return flag.get() ? 2 : 3;
        }
        Integer number = explorer.births.get(object);
        long hash = mix(object.getClass().getName().hashCode(), number == null ? 0 : number);
        if (number == null && object instanceof Collection<?> elements) {
            for (Object element : elements) {
                hash = mix(hash, name(explorer, element));
            }
        }
        return hash;
    }
}
