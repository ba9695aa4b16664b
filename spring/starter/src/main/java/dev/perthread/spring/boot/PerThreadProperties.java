package dev.perthread.spring.boot;

import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The properties that begin with {@code perthread}.
 *
 * @param connections Connections to make beans of, by bean name.
 * @param shutdown How pools are closed when the application ends.
 * @param metrics Meters of all pools.
 * @param health The health of all pools.
 * @param jmx Pools as JMX shows them.
 * @since 0.1
 */
@ConfigurationProperties("perthread")
public record PerThreadProperties(
        @DefaultValue Map<String, Connection> connections,
        @DefaultValue Shutdown shutdown,
        @DefaultValue Metrics metrics,
        @DefaultValue Health health,
        @DefaultValue Jmx jmx) {

    /**
     * One connection.
     *
     * @param url Connection string, such as tls://host:port?whenIdle=lend&amp;limit=8.
     * @since 0.1
     */
    public record Connection(@Nullable String url) {
        /** Without the connection string, which may have a password in it. */
        @Override
        public String toString() {
            return "Connection[url=" + (url == null ? "missing" : "...") + "]";
        }
    }

    /**
     * How pools are closed when the application ends.
     *
     * @param grace How long to wait for leases to end before resources are closed under their users. Without it, as long as the pool's closeTimeout says.
     * @param phase Phase of shutdown. By default after the web server has drained and stopped.
     * @since 0.1
     */
    public record Shutdown(
            @Nullable Duration grace,
            @DefaultValue("" + DEFAULT_PHASE) int phase) {
        /** After the web server, which drains at 1024 below the highest phase and stops at 2048 below it. */
        static final int DEFAULT_PHASE = Integer.MAX_VALUE - 4096;
    }

    /**
     * Meters of all pools.
     *
     * @param enabled Whether pools are published to the meter registry.
     * @since 0.1
     */
    public record Metrics(@DefaultValue("true") boolean enabled) {}

    /**
     * The health of all pools.
     *
     * @param probe Whether a look at the health of a pool whose last openings failed opens a resource, to see whether it can be opened again.
     * @since 0.1
     */
    public record Health(@DefaultValue("true") boolean probe) {}

    /**
     * Pools as JMX shows them.
     *
     * @param enabled Whether pools are registered as MXBeans.
     * @since 0.1
     */
    public record Jmx(@DefaultValue("false") boolean enabled) {}
}
