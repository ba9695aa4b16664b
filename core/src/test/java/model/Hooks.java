// What woven code calls instead of the JDK, or beside it. Public, because that code has another class loader.
package model;

import java.lang.invoke.VarHandle;
import java.util.concurrent.TimeUnit;
import model.Explorer.Actor;
import model.Explorer.Status;
import org.jspecify.annotations.Nullable;

/** Outside a run of the explorer, and for its own calls of the code under test, nothing stops. */
public final class Hooks {
    static @Nullable Explorer explorer;
    private static final Thread OUTSIDE = new Thread(null, null, "outside");
    private static final Thread[] OTHERS = {
        new Thread(null, null, "other 0"), new Thread(null, null, "other 1"), new Thread(null, null, "other 2")
    };
    private static Thread outside = OUTSIDE; // who calls when it is none of the actors

    private Hooks() {}

    private static @Nullable Actor actor() {
        Explorer now = explorer;
        return now == null ? null : now.running;
    }

    private static @Nullable Actor actor(Thread thread) {
        Explorer now = explorer;
        if (now != null) {
            for (Actor actor : now.actors) {
                if (actor.thread == thread) {
                    return actor;
                }
            }
        }
        return null;
    }

    private static void stop(Status status, String at) {
        Explorer now = explorer;
        Actor actor = actor();
        if (now != null && actor != null) {
            now.stop(actor, status, at);
        }
    }

    // ---- what others may notice ----

    /** Before a load that others' stores race with. It may overtake the actor's own buffered store. */
    public static void load(String at) {
        stop(Status.READY, at);
    }

    /**
     * Before a load of a volatile field. No race, and no stop, if nobody ever writes it in this scenario; nor if it is
     * only written under the lock, for those who have that.
     */
    public static void get(boolean guarded, String field, String at) {
        Explorer now = explorer;
        Actor actor = actor();
        if (now != null && actor != null && now.written.contains(field) && !(guarded && actor.locked)) {
            now.stop(actor, Status.READY, at);
        }
    }

    /** Before a look into a hash table, which is only written under the lock. */
    public static void cell(String at) {
        Actor actor = actor();
        if (actor != null && !actor.locked) {
            stop(Status.READY, at);
        }
    }

    /** Before a store to a volatile field. */
    public static void put(boolean guarded, String field, String at) {
        Explorer now = explorer;
        if (actor() != null && now != null && now.written.add(field)) {
            now.startAgain = true; // loads of it have not been stopped at so far
        }
        fence(at);
    }

    /** Before a compare-and-set, a fenced store or anything else that drains the store buffer. */
    public static void fence(String at) {
        stop(Status.READY, at);
        Actor actor = actor();
        if (actor != null) {
            actor.flush();
        }
    }

    /** A release store: may stay in the store buffer. */
    public static void release(VarHandle handle, Object target, int value, String at) {
        fence(at);
        Actor actor = actor();
        if (actor != null && explorer != null && explorer.buffers) {
            actor.buffered = () -> Explorer.store(handle, target, value);
            actor.bufferedKey = value + 1L;
        } else {
            Explorer.store(handle, target, value);
        }
    }

    public static void lock(Object lock, String at) {
        Explorer now = explorer;
        Actor actor = actor();
        if (now != null && actor != null) {
            actor.blocker = lock;
            now.stop(actor, Status.LOCKING, at);
            actor.flush();
            if (now.owners.put(lock, actor) != null) {
                throw new AssertionError("locked twice");
            }
            actor.locked = true;
            actor.entered = true;
        }
    }

    public static void unlock(Object lock, String at) {
        Explorer now = explorer;
        Actor actor = actor();
        if (now != null && actor != null) {
            actor.flush();
            actor.locked = false;
            if (now.owners.remove(lock) != actor) {
                throw new AssertionError("unlocked in " + at + " by " + actor.thread + ", who had it not");
            }
        }
    }

    public static boolean await(Object condition, long time, TimeUnit unit, String at) throws InterruptedException {
        Explorer now = explorer;
        Actor actor = actor();
        if (now == null || actor == null) {
            return false;
        }
        Object lock = actor.blocker;
        if (lock == null || now.owners.remove(lock) != actor) {
            throw new AssertionError("waits without its lock in " + at);
        }
        actor.locked = false;
        actor.timed = true;
        actor.signalled = false;
        actor.blocker = condition;
        now.stop(actor, Status.AWAITING, at);
        boolean timedOut = actor.answer != 0;
        if (timedOut) {
            actor.clock += unit.toNanos(Math.max(0, time));
        }
        actor.timed = false;
        boolean interrupted = actor.interrupted && !actor.signalled;
        actor.signalled = false;
        lock(lock, at);
        if (interrupted) {
            actor.interrupted = false;
            throw new InterruptedException();
        }
        return !timedOut;
    }

    public static void signalAll(Object condition, String at) {
        Explorer now = explorer;
        if (now != null) {
            for (Actor actor : now.actors) {
                if (actor.status == Status.AWAITING && actor.blocker == condition) {
                    actor.signalled = true;
                }
            }
        }
    }

    public static void park(Object blocker, long nanos, String at) {
        Explorer now = explorer;
        Actor actor = actor();
        if (now != null && actor != null) {
            actor.flush();
            actor.timed = nanos < Long.MAX_VALUE / 4;
            now.stop(actor, Status.PARKED, at);
            if (actor.answer != 0) {
                actor.clock += nanos;
            }
            actor.timed = false;
            actor.permit = false;
        }
    }

    public static void unpark(Thread thread, String at) {
        fence(at);
        Actor other = actor(thread);
        if (other != null) {
            other.permit = true;
        }
    }

    public static boolean isAlive(Thread thread, String at) {
        load(at);
        Actor other = actor(thread);
        // What it did happens-before its end is seen, so its last store comes first.
        boolean alive = other != null && (other.status != Status.DONE || other.buffered != null);
        saw(alive ? 1 : 0);
        return alive;
    }

    public static void interrupt(Thread thread, String at) {
        fence(at);
        Actor other = actor(thread);
        if (other != null) {
            other.interrupted = true;
        }
    }

    public static boolean interrupted(String at) {
        load(at);
        Actor actor = actor();
        boolean interrupted = actor != null && actor.interrupted;
        if (actor != null) {
            actor.interrupted = false;
        }
        saw(interrupted ? 1 : 0);
        return interrupted;
    }

    // ---- what only the actor notices ----

    public static Thread currentThread(String at) {
        Actor actor = actor();
        return actor == null ? outside : actor.thread;
    }

    public static long nanoTime(String at) {
        Actor actor = actor();
        return actor == null ? 0 : actor.clock;
    }

    public static void saw(int value) {
        saw((long) value);
    }

    public static void saw(long value) {
        Actor actor = actor();
        if (actor != null) {
            actor.saw(value);
        }
    }

    public static void saw(@Nullable Object value) {
        Explorer now = explorer;
        Actor actor = actor();
        if (now != null && actor != null) {
            actor.saw(Heap.name(now, value));
        }
    }

    /** At the beginning of a method: what {@link #leave} goes back to. */
    public static long enter() {
        Actor actor = actor();
        return actor == null ? 0 : actor.history;
    }

    /**
     * At its regular end: its local variables are gone, and all that is left of what it read is what it returns. That it
     * was called is left as well, or nothing would tell the place before a method that returns nothing from the one after.
     */
    public static void leave(long history, String at) {
        Actor actor = actor();
        if (actor != null) {
            actor.history = Heap.mix(history, at.hashCode());
        }
    }

    /** An object that others will know by its number. */
    public static void born(Object object, @Nullable Thread owner) {
        Explorer now = explorer;
        if (now != null) {
            // Counted by owner: then numbers do not tell in which order threads came, when nothing else does.
            String kind = object.getClass().getName() + (owner == null ? "" : owner.getName());
            now.births.put(object, kind.hashCode() * 31 + now.born.merge(kind, 1, Integer::sum));
        }
    }

    // ---- what is left out ----

    public static void ignore(@Nullable Object argument, String at) {}

    public static void log(Object level, Object text, @Nullable Object failure, String at) {}

    public static boolean off(String at) {
        return false;
    }

    public static void aside(Object pool, Runnable task, String at) {
        task.run();
    }

    public static boolean mustHandOff(Object waiter, long now, String at) {
        return choose(2, at) != 0;
    }

    // ---- for scenarios ----

    /** Has another thread do something before the actors begin. It is dead then. */
    public static void as(int other, Runnable task) {
        outside = OTHERS[other];
        try {
            task.run();
        } finally {
            outside = OUTSIDE;
        }
    }

    /** Every answer from 0 to {@code options - 1} is tried. */
    public static int choose(int options, String at) {
        Explorer now = explorer;
        Actor actor = actor();
        if (now == null || actor == null) {
            return 0;
        }
        actor.options = options;
        now.stop(actor, Status.CHOOSING, at);
        return actor.answer;
    }

    /** The actor has nothing in its local variables but what {@code where} says, and {@code known}. */
    public static void forget(int where, @Nullable Object known) {
        Explorer now = explorer;
        Actor actor = actor();
        if (now != null && actor != null) {
            actor.history = where;
            actor.saw(Heap.name(now, known));
        }
    }
}
