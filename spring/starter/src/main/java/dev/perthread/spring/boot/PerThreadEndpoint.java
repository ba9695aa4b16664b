package dev.perthread.spring.boot;

import dev.perthread.ResourceInfo;
import dev.perthread.Stats;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.annotation.Selector;
import org.springframework.boot.actuate.endpoint.annotation.WriteOperation;

/**
 * The actuator endpoint {@code perthread}: a read shows every pool, its numbers, and who holds what since when; a write
 * refreshes, so that what is open now is not used again.
 *
 * @since 0.1
 */
@Endpoint(id = "perthread")
public final class PerThreadEndpoint {
    private final PoolBeans pools;

    PerThreadEndpoint(PoolBeans pools) {
        this.pools = pools;
    }

    /**
     * Every pool.
     *
     * @return the pools, by bean name
     */
    @ReadOperation
    public Pools pools() {
        Map<String, Pool> all = new TreeMap<>();
        pools.all().forEach(pool -> all.put(pool.name(), describe(pool)));
        return new Pools(all);
    }

    /**
     * One pool.
     *
     * @param name the name of the bean
     * @return the pool, {@code null} if there is none of this name
     */
    @ReadOperation
    public @Nullable Pool pool(@Selector String name) {
        PoolBean pool = pools.find(name);
        return pool == null ? null : describe(pool);
    }

    /**
     * Refreshes every pool.
     *
     * @return how many resources are closed, now or when their leases end
     */
    @WriteOperation
    public Refreshed refreshAll() {
        return new Refreshed(
                pools.all().stream().mapToInt(PerThreadEndpoint::refresh).sum());
    }

    /**
     * Refreshes one pool.
     *
     * @param name the name of the bean
     * @return how many resources are closed, {@code null} if there is no pool of this name
     */
    @WriteOperation
    public @Nullable Refreshed refresh(@Selector String name) {
        PoolBean pool = pools.find(name);
        return pool == null ? null : new Refreshed(refresh(pool));
    }

    private static int refresh(PoolBean pool) {
        return pool.refresh();
    }

    private static Pool describe(PoolBean bean) {
        var limit = bean.limit();
        return new Pool(
                bean.poolName(),
                limit.isPresent() ? limit.getAsInt() : null,
                bean.stats(),
                bean.snapshot().stream()
                        .sorted(Comparator.comparingLong(ResourceInfo::id))
                        .map(Resource::of)
                        .toList());
    }

    /**
     * What a read of all shows.
     *
     * @param pools the pools, by bean name
     * @since 0.1
     */
    public record Pools(Map<String, Pool> pools) {}

    /**
     * What a read shows of one pool.
     *
     * @param name the name in messages and meters
     * @param limit the most that may be open at once, {@code null} without a limit
     * @param stats the counters
     * @param resources everything that is open or being opened
     * @since 0.1
     */
    public record Pool(String name, @Nullable Integer limit, Stats stats, List<Resource> resources) {}

    /**
     * One resource.
     *
     * @param id its number in the pool
     * @param thread the name of its thread, may be empty
     * @param threadId the id of its thread, 0 without one
     * @param state what it is doing
     * @param openedAt when it was opened
     * @param leasedSince when the present lease began, {@code null} if there is none
     * @param uses how many leases it has had
     * @param key for which key it is, {@code null} if the pool is not a {@code KeyedPerThread}
     * @param acquiredAt the stack of the lease's {@code acquire}, {@code null} unless the pool was built with {@code trace}
     * @since 0.1
     */
    public record Resource(
            long id,
            String thread,
            long threadId,
            ResourceInfo.State state,
            Instant openedAt,
            @Nullable Instant leasedSince,
            long uses,
            @Nullable String key,
            @Nullable List<String> acquiredAt) {

        static Resource of(ResourceInfo info) {
            List<String> stack =
                    info.acquiredAt().stream().map(StackTraceElement::toString).toList();
            return new Resource(
                    info.id(),
                    info.threadName(),
                    info.threadId(),
                    info.state(),
                    info.openedAt(),
                    info.leasedSince(),
                    info.uses(),
                    info.key().isEmpty() ? null : info.key(),
                    stack.isEmpty() ? null : stack);
        }
    }

    /**
     * What a write answers.
     *
     * @param refreshed how many resources are closed, now or when their leases end
     * @since 0.1
     */
    public record Refreshed(int refreshed) {}
}
