// A few threads, a limit, and one danger: what LifecycleModelTest explores to the last interleaving.
package dev.perthread;

import java.lang.reflect.Field;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import model.Explorer;
import model.Hooks;
import model.Setting;
import org.jspecify.annotations.Nullable;

/** The fields are the state that the explorer compares; all code here stops where the explorer wants it to. */
@SuppressWarnings("exports") // public, because the explorer makes it, in another class loader
public final class LifecycleModel implements Explorer.Scenario {
    private static final long FOR_EVER = Long.MAX_VALUE / 2;

    /** What happens to the users, at any moment. */
    enum Danger {
        NONE,
        /** One more user, of one scope, however many the others have. */
        VISITOR,
        DEATH,
        TIMEOUT,
        INTERRUPT,
        FAILING_OPENER,
        EVICTION,
        CHOSEN_EVICTION,
        REFRESH,
        SUSPENSION,
        LIMIT_LOWERED,
        LIMIT_RAISED,
        REAPING,
        CLOSE_AT_ONCE,
        CLOSE_WITH_GRACE;

        boolean changes() {
            return compareTo(CHOSEN_EVICTION) >= 0 && compareTo(LIMIT_RAISED) <= 0;
        }

        boolean closes() {
            return this == CLOSE_AT_ONCE || this == CLOSE_WITH_GRACE;
        }
    }

    private static final class Resource {
        final int number;
        int closed;

        @Nullable
        Thread user;

        Resource(int number) {
            this.number = number;
        }
    }

    private final Setting setting;
    private final Danger danger;
    private final Pool<Resource, IllegalArgumentException> pool;
    private final SlotRegistry<?> slots;
    private final List<Resource> resources = new ArrayList<>();
    private int open;
    private int opened; // or failed to
    private int retired; // those up to this number are nobody's any more who acquires from now on
    private boolean suspended;
    private boolean closeCalled;
    private boolean closeReturned;
    private boolean died; // in its scope
    private int underUsers;
    private int forced;

    public LifecycleModel(Setting setting) {
        this.setting = setting;
        this.danger = Danger.valueOf(setting.danger());
        this.pool = new Pool<>(PerThread.<Resource, IllegalArgumentException>builder(this::open, this::close)
                .name("model")
                .whenIdle(IdlePolicy.valueOf(setting.whenIdle()))
                .reusing()
                .limit(danger == Danger.LIMIT_LOWERED ? most() : setting.limit())
                .clock(() -> 0)
                .config());
        this.slots = slots(pool);
    }

    private static SlotRegistry<?> slots(Pool<?, ?> pool) {
        try {
            Field slots = Pool.class.getDeclaredField("registry");
            slots.setAccessible(true);
            return (SlotRegistry<?>) slots.get(pool);
        } catch (ReflectiveOperationException impossible) {
            throw new LinkageError(impossible.getMessage(), impossible);
        }
    }

    private static void promise(boolean kept, String what) {
        if (!kept) {
            throw new AssertionError(what);
        }
    }

    /** How many may be open at any time. */
    private int most() {
        return setting.limit() + (danger == Danger.LIMIT_LOWERED || danger == Danger.LIMIT_RAISED ? 1 : 0);
    }

    private Resource open() {
        promise(++open <= most(), "more are open than the limit allows");
        int number = ++opened;
        if (danger == Danger.FAILING_OPENER && Hooks.choose(2, "opener: fails") == 1) {
            open--;
            throw new IllegalArgumentException("refused");
        }
        Hooks.load("opener");
        Resource resource = new Resource(number);
        resources.add(resource);
        return resource;
    }

    private void close(Resource resource) {
        Thread user = resource.user;
        if (user != null && user != Thread.currentThread() && user.isAlive()) {
            promise(closeCalled, "closed under its user");
            underUsers++;
        }
        promise(++resource.closed == 1, "closed twice");
        Hooks.load("closer");
        open--;
    }

    private void use(int number, int scopes) {
        Thread me = Thread.currentThread();
        for (int scope = 0; scope < scopes; scope++) {
            Hooks.forget(1 + scope, null);
            boolean tooLate = slots.isClosed();
            boolean tooEarly = suspended;
            int tooOld = retired;
            try {
                Lease<Resource> lease = pool.acquire(danger == Danger.TIMEOUT ? 1_000_000 : FOR_EVER);
                promise(!tooLate, "acquired though it was closed before");
                Resource mine = lease.get();
                promise(!closeReturned, "handed out after close had returned");
                promise(mine.user == null, "two users at once");
                promise(mine.closed == 0 || closeCalled, "acquired a closed one");
                promise(!tooEarly || !suspended, "acquired while the pool is suspended");
                promise(mine.number > tooOld, "acquired what was retired before");
                mine.user = me;
                Hooks.forget(10 + scope, lease);
                Hooks.load("in use");
                if (danger == Danger.DEATH && number == setting.users() && Hooks.choose(2, "dies in its scope") == 1) {
                    died = true;
                    return;
                }
                promise(mine.user == me, "another user meanwhile");
                mine.user = null;
                lease.close();
            } catch (AcquireTimeoutException e) {
                promise(danger == Danger.TIMEOUT, "a timeout out of nothing");
            } catch (AcquireInterruptedException e) {
                promise(danger == Danger.INTERRUPT, "an interrupt out of nothing");
                promise(Thread.interrupted(), "the interrupt flag is not set again");
            } catch (IllegalArgumentException refused) {
                promise(danger == Danger.FAILING_OPENER, "a failure out of nothing");
            } catch (IllegalStateException closed) {
                promise(closeCalled, "refused though not closed: " + closed.getMessage());
                return;
            }
        }
    }

    private void closeHolder(Duration grace) {
        closeCalled = true;
        CloseReport report = pool.close(grace.toNanos());
        closeReturned = true;
        forced += report.forced();
        promise(report.failures().isEmpty(), "failures: " + report.failures());
    }

    /** What there is when it is called is not acquired after it has returned. */
    private void retire(Runnable how) {
        int before = opened;
        how.run();
        retired = before;
    }

    private void suspend() {
        retire(() -> pool.bulkCloser().suspend(0));
        suspended = true;
        Hooks.load("suspended");
        suspended = false;
        pool.resume();
        promise(slots.queue.waiters.isEmpty() || !slots.hasRoom(), "resumed, and a waiter was not served");
    }

    private void setLimit(int limit) {
        pool.bulkCloser().setLimit(limit);
        promise(slots.queue.waiters.isEmpty() || !slots.hasRoom(), "there is room, and a waiter was not served");
    }

    @Override
    public List<Runnable> actors(List<Thread> threads) {
        List<Runnable> actors = new ArrayList<>();
        for (int i = 1; i <= setting.users(); i++) {
            int number = i;
            actors.add(() -> use(number, setting.scopes()));
        }
        switch (danger) {
            case NONE, DEATH, TIMEOUT, FAILING_OPENER -> {}
            case VISITOR -> actors.add(() -> use(setting.users() + 1, 1));
            case INTERRUPT -> actors.add(() -> threads.get(setting.users() - 1).interrupt());
            case EVICTION -> actors.add(() -> pool.bulkCloser().evictIdle());
            case CHOSEN_EVICTION -> actors.add(() -> retire(() -> pool.evict(info -> true)));
            case REFRESH -> actors.add(() -> retire(() -> pool.bulkCloser().refresh()));
            case SUSPENSION -> actors.add(this::suspend);
            case LIMIT_LOWERED -> actors.add(() -> setLimit(setting.limit()));
            case LIMIT_RAISED -> actors.add(() -> setLimit(most()));
            case REAPING -> actors.add(() -> pool.sweep(owner -> {}));
            case CLOSE_AT_ONCE -> actors.add(() -> closeHolder(Duration.ZERO));
            case CLOSE_WITH_GRACE -> actors.add(() -> closeHolder(Duration.ofNanos(Reaper.QUICK)));
        }
        return actors;
    }

    @Override
    public int alike() {
        return danger == Danger.DEATH || danger == Danger.INTERRUPT ? setting.users() - 1 : setting.users();
    }

    @Override
    public boolean stuck() {
        // A dead thread's place may be in the way, and the reaper is the one to find it. Any other help would hide a
        // lost signal, unless a release may have been seen too late.
        return setting.late() ? pool.sweep(owner -> {}) != 0 : pool.upkeep().reap() > 0;
    }

    @Override
    public void end() {
        pool.upkeep().closeRetired(null); // what a release missed the mark of; the reaper's job
        Stats now = pool.stats();
        promise(now.waiting() == 0, "somebody is still in the queue");
        promise(now.opening() == 0, "a place is taken by nobody");
        promise(died || now.leased() + now.leaked() == 0, "a lease that nobody has");
        promise(now.open() == open, "the books say " + now.open() + " are open, it is " + open);
        promise(danger == Danger.LIMIT_RAISED || open <= setting.limit(), "above the lowered limit: " + open);
        for (Resource resource : resources) {
            promise(resource.closed == 1 || resource.number > retired, "retired, and still open");
        }
        closeHolder(Duration.ZERO);
        pool.upkeep().reap();
        promise(pool.stats().open() == 0 && open == 0, "still open at the end: " + open);
        for (Resource resource : resources) {
            promise(resource.closed == 1, "closed " + resource.closed + " times");
        }
        promise(underUsers <= forced, underUsers + " closed under their users, " + forced + " reported as forced");
    }
}
