// An explicit-state explorer: runs the real code of the core under every interleaving of a few threads.
package model;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.invoke.VarHandle;
import java.lang.reflect.Constructor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Each actor is a continuation, all on one thread, so that a schedule can be repeated exactly. {@link Weaver} makes the
 * code under test call {@link Hooks}, and each hook that another thread could notice stops the actor there. At every stop
 * all possible next steps are tried, depth first, by running the scenario again from its beginning. A state that was seen
 * before is not followed again; a state is all that can be reached from the scenario's object, and of each actor where it
 * stands and all it has read since it last said that it {@linkplain Hooks#forget forgets}.
 *
 * <p>What is abstracted: time (each actor has its own clock, which its own timeouts advance), and counters that decide
 * nothing ({@link Heap}). What is not: every lock, compare-and-set, volatile access, park, signal, interrupt and timeout
 * of the real code, and the one store that is not fenced, which stays in its actor's store buffer for as long as the
 * hardware could keep it there.
 */
public final class Explorer {

    /** What is explored; made anew for every run. */
    public interface Scenario {
        /** One entry per actor; it may throw what it likes, which is a breach. */
        List<Runnable> actors(List<Thread> threads);

        /**
         * How many actors, from the first on, do the same and could change places. Of the runs that differ only in who
         * of them is who, one is explored.
         */
        default int alike() {
            return 0;
        }

        /** When nobody can go on any more but somebody is not done: helps, or returns false for a deadlock. */
        boolean stuck();

        /** When all are done: the promises that hold at the end. */
        void end();
    }

    /** A broken promise, with the steps that led to it. */
    public static final class Breach extends AssertionError {
        private static final long serialVersionUID = 1;

        Breach(String message, @Nullable Throwable cause) {
            super(message, cause);
        }
    }

    /** What came of it. */
    public record Result(long states, long runs, long steps, int deepest) {}

    enum Status {
        READY,
        CHOOSING,
        LOCKING,
        PARKED,
        AWAITING,
        DONE
    }

    /** One thread of the scenario. */
    static final class Actor {
        final int number;
        final Thread thread;
        Object continuation = "";
        Status status = Status.READY;
        String at = "start";

        @Nullable
        Object blocker; // the lock or condition

        int options; // while CHOOSING
        int answer; // what was chosen, or whether it timed out
        boolean entered; // has had a lock
        boolean timed; // may time out
        boolean locked; // has a lock; locks are never nested here
        boolean permit;
        boolean interrupted;
        boolean signalled;
        long clock;
        long history; // all it has read

        @Nullable
        Runnable buffered; // its store that others cannot see yet

        long bufferedKey;

        @Nullable
        Throwable failure;

        Actor(int number, Thread thread) {
            this.number = number;
            this.thread = thread;
        }

        void saw(long value) {
            history = Heap.mix(history, value);
        }

        void flush() {
            Runnable store = buffered;
            if (store != null) {
                buffered = null;
                store.run();
            }
        }
    }

    // Kinds of steps; a step is actor * KINDS + kind, and from CHOICE on the kind says which.
    private static final int RUN = 0;
    private static final int TIME_OUT = 1;
    private static final int FLUSH = 2;
    private static final int CHOICE = 3;
    private static final int KINDS = 8;

    private static final MethodHandle NEW;
    private static final MethodHandle GO;
    private static final MethodHandle YIELD;
    private static final Object SCOPE;

    static {
        try {
            Class<?> continuation = Class.forName("jdk.internal.vm.Continuation");
            Class<?> scope = Class.forName("jdk.internal.vm.ContinuationScope");
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            SCOPE = scope.getConstructor(String.class).newInstance("explorer");
            NEW = lookup.findConstructor(continuation, MethodType.methodType(void.class, scope, Runnable.class))
                    .bindTo(SCOPE)
                    .asType(MethodType.methodType(Object.class, Runnable.class));
            GO = lookup.findVirtual(continuation, "run", MethodType.methodType(void.class))
                    .asType(MethodType.methodType(void.class, Object.class));
            YIELD = lookup.findStatic(continuation, "yield", MethodType.methodType(boolean.class, scope))
                    .bindTo(SCOPE);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /** One for all settings: weaving and compiling the code anew took longer than to explore most of them. */
    private static final Map<Boolean, Weaver> WEAVERS = new ConcurrentHashMap<>();

    private final Supplier<? extends Scenario> scenarios;
    private final List<Thread> threads;
    final boolean buffers; // whether stores that are not fenced may be late
    final boolean tables; // whether the cells of hash tables are looked at one by one
    private final Longs seen = new Longs();
    private final Longs places = new Longs(); // the same with where each actor stands: as many, or states are confused
    private final List<int[]> branches = new ArrayList<>(); // the steps possible at each branching of this run
    private final List<int[]> taken = new ArrayList<>(); // which of them is taken
    private final List<String> path = new ArrayList<>();
    private long runs;
    private long steps;
    private int deepest;

    // Of the present run.
    final List<Actor> actors = new ArrayList<>();
    final IdentityHashMap<Object, Actor> owners = new IdentityHashMap<>(); // of locks
    final IdentityHashMap<Object, Integer> births = new IdentityHashMap<>();
    final Set<String> written = new HashSet<>(); // volatile fields that somebody writes in this scenario
    boolean startAgain;
    final Map<Object, Integer> born = new HashMap<>(); // how many of a kind

    @Nullable
    Actor running;

    private int alike;
    private boolean stopped; // whether it stopped in a hook rather than came to its end
    private String confusion = "";
    private boolean telling; // the breach is known, and the run is repeated to write down its steps

    private Explorer(Supplier<? extends Scenario> scenarios, int actors, boolean buffers, boolean tables) {
        this.scenarios = scenarios;
        this.buffers = buffers;
        this.tables = tables;
        // The same for all runs: where a thread is in a hash table depends on its id.
        this.threads = new ArrayList<>();
        long first = 0;
        while (threads.size() < actors) {
            Thread thread = new Thread(null, null, "T" + (threads.size() + 1));
            first = first == 0 ? thread.getId() : first;
            // As ThreadTable spreads them. The worst is all in one cell, of eight, its smallest size, and of sixteen.
            if (!tables || (spread(thread.getId()) & 15) == (spread(first) & 15)) {
                threads.add(thread);
            }
        }
    }

    /**
     * Explores all there is.
     *
     * @param scenario the name of a class of the woven package, with a public constructor that takes a setting
     * @param setting which scenario
     * @return how much it was
     * @throws Breach if a promise is broken
     */
    public static Result explore(String scenario, Setting setting) {
        boolean tables = scenario.contains("Store");
        Constructor<?> constructor;
        try {
            constructor = WEAVERS.computeIfAbsent(tables, Weaver::new)
                    .loadClass(scenario)
                    .getConstructor(Setting.class);
        } catch (ReflectiveOperationException e) {
            throw new LinkageError(e.getMessage(), e);
        }
        Supplier<Scenario> scenarios = () -> {
            try {
                return (Scenario) constructor.newInstance(setting);
            } catch (ReflectiveOperationException e) {
                throw new LinkageError(e.getMessage(), e);
            }
        };
        // Once with nobody to stop, so that all classes are initialized: an initializer cannot be stopped in.
        Scenario first = scenarios.get();
        first.actors(Collections.nCopies(setting.users() + 1, Thread.currentThread()))
                .forEach(Runnable::run);
        return new Explorer(scenarios, setting.users() + 1, setting.late(), tables).explore();
    }

    private static int spread(long id) {
        return (int) ((id * 0x9E3779B97F4A7C15L) >>> 32);
    }

    private Result explore() {
        Hooks.explorer = this;
        try {
            do {
                if (startAgain) {
                    startAgain = false;
                    seen.clear();
                    places.clear();
                    branches.clear();
                    taken.clear();
                }
                try {
                    run();
                } catch (Throwable breach) {
                    telling = true;
                    path.clear();
                    try {
                        run();
                    } catch (Throwable same) {
                        breach = same;
                    }
                    throw new Breach(breach + "\nafter\n  " + String.join("\n  ", path), breach);
                }
            } while (startAgain || next());
            return new Result(seen.size(), runs, steps, deepest);
        } finally {
            Hooks.explorer = null;
        }
    }

    /** Goes back to the last branching with a step not tried yet. */
    private boolean next() {
        while (!branches.isEmpty()) {
            int last = branches.size() - 1;
            int[] taking = taken.get(last);
            if (++taking[0] < branches.get(last).length) {
                return true;
            }
            branches.remove(last);
            taken.remove(last);
        }
        return false;
    }

    private void run() {
        runs++;
        actors.clear();
        owners.clear();
        births.clear();
        born.clear();
        Scenario scenario = scenarios.get();
        List<Runnable> programs = scenario.actors(threads);
        alike = scenario.alike();
        for (int i = 0; i < programs.size(); i++) {
            Actor actor = new Actor(i, threads.get(i));
            Runnable program = programs.get(i);
            actor.continuation = create(() -> {
                try {
                    program.run();
                } catch (Throwable failure) {
                    actor.failure = failure;
                }
            });
            actors.add(actor);
        }
        int branching = 0;
        while (true) {
            int[] possible = possible();
            if (possible.length == 0) {
                if (actors.stream().allMatch(actor -> actor.status == Status.DONE)) {
                    scenario.end();
                    return;
                }
                if (!scenario.stuck() || possible().length == 0) {
                    throw new AssertionError("nobody can go on: " + standing());
                }
                continue;
            }
            int step = possible[0];
            if (possible.length > 1) {
                if (branching == branches.size()) {
                    if (telling) {
                        throw new AssertionError(
                                confusion.isEmpty()
                                        ? "the breach did not happen again: the scenario is not deterministic"
                                        : confusion);
                    }
                    long state = Heap.state(this, scenario);
                    boolean fresh = seen.add(state);
                    if (places.add(Heap.places(this, state)) != fresh) {
                        confusion = "the explorer takes this for a state that it saw elsewhere: " + standing();
                        throw new AssertionError(confusion);
                    }
                    if (!fresh) {
                        return;
                    }
                    branches.add(possible);
                    taken.add(new int[1]);
                    deepest = Math.max(deepest, branches.size());
                }
                step = branches.get(branching)[taken.get(branching)[0]];
                branching++;
            }
            take(step);
        }
    }

    private String standing() {
        StringBuilder all = new StringBuilder();
        for (Actor actor : actors) {
            all.append(actor.thread.getName()).append(' ').append(actor.status).append(" in ");
            all.append(actor.at).append("; ");
        }
        return all.toString();
    }

    private int[] possible() {
        int[] steps = new int[actors.size() * KINDS];
        int count = 0;
        for (Actor actor : actors) {
            int base = actor.number * KINDS;
            if (actor.buffered != null) {
                steps[count++] = base + FLUSH;
            }
            switch (actor.status) {
                case READY -> steps[count++] = base + RUN;
                case CHOOSING -> {
                    for (int i = 0; i < actor.options; i++) {
                        steps[count++] = base + CHOICE + i;
                    }
                }
                case LOCKING -> {
                    if (!owners.containsKey(actor.blocker) && isItsTurn(actor)) {
                        steps[count++] = base + RUN;
                    }
                }
                case PARKED, AWAITING -> {
                    boolean unparked = actor.status == Status.PARKED && actor.permit;
                    if (unparked || actor.interrupted || actor.signalled) {
                        steps[count++] = base + RUN;
                    }
                    if (actor.timed) {
                        steps[count++] = base + TIME_OUT;
                    }
                }
                case DONE -> {}
            }
        }
        return Arrays.copyOf(steps, count);
    }

    /** Actors that are alike take their first lock in the order of their numbers, and every other step in any order. */
    private boolean isItsTurn(Actor actor) {
        if (actor.entered || actor.number == 0 || actor.number >= alike) {
            return true;
        }
        Actor before = actors.get(actor.number - 1);
        return before.entered || before.status == Status.DONE;
    }

    private void take(int step) {
        steps++;
        Actor actor = actors.get(step / KINDS);
        int kind = step % KINDS;
        if (telling) {
            path.add(actor.thread.getName() + " " + actor.at
                    + (kind == TIME_OUT ? " times out" : kind == FLUSH ? " store seen" : "")
                    + (kind >= CHOICE ? " " + (kind - CHOICE) : ""));
        }
        if (kind == FLUSH) {
            actor.flush();
            return;
        }
        actor.answer = kind >= CHOICE ? kind - CHOICE : kind;
        actor.saw(step);
        actor.status = Status.READY;
        running = actor;
        stopped = false;
        try {
            GO.invokeExact(actor.continuation);
        } catch (Throwable impossible) {
            throw new AssertionError(impossible);
        } finally {
            running = null;
        }
        if (!stopped) {
            actor.status = Status.DONE;
            actor.at = "end";
            actor.history = 0;
            actor.clock = 0;
        }
        if (actor.failure != null) {
            throw new AssertionError(actor.thread.getName() + " failed: " + actor.failure, actor.failure);
        }
    }

    /** Stops the running actor here until it is chosen again. */
    void stop(Actor actor, Status status, String at) {
        actor.status = status;
        actor.at = at;
        stopped = true;
        boolean yielded;
        try {
            yielded = (boolean) YIELD.invokeExact();
        } catch (Throwable impossible) {
            throw new AssertionError(impossible);
        }
        if (!yielded) {
            throw new AssertionError("pinned in " + at);
        }
    }

    private static Object create(Runnable program) {
        try {
            return (Object) NEW.invokeExact(program);
        } catch (Throwable impossible) {
            throw new AssertionError(impossible);
        }
    }

    static void store(VarHandle handle, Object target, int value) {
        handle.setVolatile(target, value);
    }
}
