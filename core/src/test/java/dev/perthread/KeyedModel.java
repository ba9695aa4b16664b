package dev.perthread;

import java.lang.reflect.Field;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import model.Explorer;
import model.Hooks;
import model.Setting;

/**
 * A few threads, two keys, a limit for each of one, a limit for both, and one danger: what {@link KeyedModelTest} explores
 * to the last interleaving. The last user has the second key, all others the first. The fields are the state that the
 * explorer compares.
 */
@SuppressWarnings("exports") // public, because the explorer makes it, in another class loader
public final class KeyedModel implements Explorer.Scenario {
    private static final Duration FOR_EVER = Duration.ofNanos(Long.MAX_VALUE / 2);

    /** What happens to the users, at any moment. */
    enum Danger {
        NONE,
        TIMEOUT,
        FAILING_OPENER,
        /** The same, and all users have the first key, whose entry vanishes with the failure. */
        VANISHING_KEY,
        EVICTION,
        CLOSE_AT_ONCE
    }

    private static final class Resource {
        final int key;
        boolean isClosed;
        boolean isUsed;

        Resource(int key) {
            this.key = key;
        }
    }

    private final Setting setting;
    private final Danger danger;
    private final KeyedPerThread<Integer, Resource, IllegalArgumentException> pool;
    private final Object total;
    private final Object keys;
    private final List<Resource> resources = new ArrayList<>();
    private final int[] openOf = new int[2];
    private boolean closeCalled;
    private int underUsers;
    private int forced;

    public KeyedModel(Setting setting) {
        this.setting = setting;
        this.danger = Danger.valueOf(setting.danger());
        this.pool = KeyedPerThread.<Integer, Resource, IllegalArgumentException>builder(this::open, this::close)
                .name("model")
                .whenIdle(IdlePolicy.valueOf(setting.whenIdle()))
                .reusing()
                .limit(setting.limit())
                .limitPerKey(1)
                .clock(() -> 0)
                .build();
        this.total = field(pool, "total");
        this.keys = field(pool, "keys");
    }

    private static Object field(Object of, String name) {
        try {
            Field field = of.getClass().getDeclaredField(name);
            field.setAccessible(true);
            return field.get(of);
        } catch (ReflectiveOperationException impossible) {
            throw new LinkageError(impossible.getMessage(), impossible);
        }
    }

    private static void promise(boolean kept, String what) {
        if (!kept) {
            throw new AssertionError(what);
        }
    }

    private int open() {
        return openOf[0] + openOf[1];
    }

    private Resource open(int key) {
        promise(++openOf[key] <= 1, "more of one key are open than its limit allows");
        promise(open() <= setting.limit(), "more are open than the limit for all allows");
        if (opensMayFail() && Hooks.choose(2, "opener: fails") == 1) {
            openOf[key]--;
            throw new IllegalArgumentException("refused");
        }
        Hooks.load("opener");
        Resource resource = new Resource(key);
        resources.add(resource);
        return resource;
    }

    private void close(Resource resource) {
        if (resource.isUsed) {
            promise(closeCalled, "closed under its user");
            underUsers++;
        }
        promise(!resource.isClosed, "closed twice");
        resource.isClosed = true;
        Hooks.load("closer");
        openOf[resource.key]--;
    }

    private boolean opensMayFail() {
        return danger == Danger.FAILING_OPENER || danger == Danger.VANISHING_KEY;
    }

    private void use(int key) {
        for (int scope = 0; scope < setting.scopes(); scope++) {
            Hooks.forget(1 + scope, null);
            try {
                Lease<Resource> lease = pool.acquire(key, danger == Danger.TIMEOUT ? Duration.ofMillis(1) : FOR_EVER);
                Resource mine = lease.get();
                promise(mine.key == key, "a resource of another key");
                promise(!mine.isUsed, "two users at once");
                promise(!mine.isClosed || closeCalled, "acquired a closed one");
                mine.isUsed = true;
                Hooks.forget(10 + scope, lease);
                Hooks.load("in use");
                mine.isUsed = false;
                lease.close();
            } catch (AcquireTimeoutException e) {
                promise(danger == Danger.TIMEOUT, "a timeout out of nothing");
            } catch (IllegalArgumentException refused) {
                promise(opensMayFail(), "a failure out of nothing");
            } catch (IllegalStateException closed) {
                promise(closeCalled, "refused though not closed: " + closed.getMessage());
                return;
            }
        }
    }

    private void closePool() {
        closeCalled = true;
        CloseReport report = pool.close(Duration.ZERO);
        forced += report.forced();
        promise(report.failures().isEmpty(), "failures: " + report.failures());
    }

    @Override
    public List<Runnable> actors(List<Thread> threads) {
        List<Runnable> actors = new ArrayList<>();
        for (int i = 1; i <= setting.users(); i++) {
            int key = i == setting.users() && danger != Danger.VANISHING_KEY ? 1 : 0;
            actors.add(() -> use(key));
        }
        switch (danger) {
            case NONE, TIMEOUT, FAILING_OPENER, VANISHING_KEY -> {}
            case EVICTION -> actors.add(pool::evictIdle);
            case CLOSE_AT_ONCE -> actors.add(this::closePool);
        }
        return actors;
    }

    @Override
    public int alike() {
        return danger == Danger.VANISHING_KEY ? setting.users() : setting.users() - 1;
    }

    @Override
    public boolean stuck() {
        // What a dead thread has kept may be in the way, and the reaper is the one to find it. Any other help would
        // hide a lost signal, unless a release may have been seen too late.
        return setting.late() ? sweep() : pool.reap() > 0;
    }

    private boolean sweep() {
        int before = pool.stats().waiting();
        ((TotalLimit<?>) total).pools().forEach(each -> ((Pool<?, ?>) each).sweep(owner -> {}));
        return before > 0;
    }

    @Override
    public void end() {
        Stats now = pool.stats();
        promise(now.waiting() == 0, "somebody is still in a queue");
        promise(now.opening() == 0, "a permit is taken by nobody");
        promise(now.leased() == 0, "a lease that nobody has");
        promise(now.open() == open(), "the registries say " + now.open() + " are open, it is " + open());
        for (int key = 0; key < 2; key++) {
            promise(pool.keys().contains(key) == (openOf[key] > 0), "key " + key + " with " + openOf[key] + " open");
        }
        closePool();
        promise(pool.stats().open() == 0 && open() == 0, "still open at the end: " + open());
        promise(pool.keys().isEmpty() && field(keys, "live").equals(0), "keys at the end: " + pool.keys());
        promise(resources.stream().allMatch(resource -> resource.isClosed), "one was not closed");
        promise(underUsers <= forced, underUsers + " closed under their users, " + forced + " reported as forced");
    }
}
