package dev.perthread.cli.top;

import dev.perthread.cli.console.CommandFailure;
import dev.perthread.cli.console.ErrorMessages;
import dev.perthread.cli.console.OptionConverters;
import java.io.IOException;
import java.io.ObjectInputFilter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.management.Attribute;
import javax.management.InstanceNotFoundException;
import javax.management.JMException;
import javax.management.MBeanServerConnection;
import javax.management.MalformedObjectNameException;
import javax.management.ObjectName;
import javax.management.openmbean.CompositeData;
import javax.management.remote.JMXConnector;
import javax.management.remote.JMXConnectorFactory;
import javax.management.remote.JMXServiceURL;
import jdk.management.jfr.RemoteRecordingStream;
import org.jspecify.annotations.Nullable;

/**
 * A JMX client for the MXBeans that pools registered in another process. It goes by their names alone, whatever
 * version registered them.
 */
final class PoolBeans implements AutoCloseable {
    private static final Duration GOODBYE = Duration.ofSeconds(1);
    /**
     * What the other side may make this process read. It is trusted no further than to be looked at: whatever listens on
     * a port may answer. The classes are those of JMX and RMI and what their answers are made of.
     */
    private static final String ACCEPTED = "maxdepth=30;maxarray=1000000;maxrefs=20000000;maxbytes=1000000000;"
            + "java.lang.*;java.util.*;java.util.concurrent.atomic.*;java.rmi.**;javax.management.**;"
            + "javax.rmi.ssl.*;sun.rmi.**;com.sun.jmx.**;!*";

    private static final String[] NUMBERS = {
        "Limit",
        "LimitPerKey",
        "Open",
        "Leased",
        "Idle",
        "Opening",
        "Waiting",
        "Acquired",
        "Waited",
        "Timeouts",
        "OpenFailures",
        "CloseFailures",
        "Reclaimed",
        "Leaked",
        "HeldTooLong",
        "Refused",
        "MostOpen",
        "WaitNanos",
        "OpenNanos",
        "LeaseNanos"
    };

    /** One pool: its numbers by their names, and its resources. */
    record Pool(String name, Map<String, Long> numbers, List<Held> resources) {
        long number(String name) {
            return numbers.getOrDefault(name, 0L);
        }
    }

    /** One resource; the key is empty in a pool without keys, leased since is 0 where it is not leased. */
    record Held(
            String pool,
            long id,
            String key,
            String thread,
            long threadId,
            String state,
            long openedAt,
            long leasedSince,
            long uses,
            String acquiredAt) {}

    private final JmxTarget target;
    private final JMXConnector connector;
    private final MBeanServerConnection server;
    private final Duration timeout;

    private PoolBeans(JmxTarget target, JMXConnector connector, Duration timeout) throws IOException {
        this.target = target;
        this.connector = connector;
        this.timeout = timeout;
        this.server = connector.getMBeanServerConnection();
    }

    static PoolBeans connect(JmxTarget target, Duration timeout) throws CommandFailure, InterruptedException {
        JMXServiceURL url = target.url();
        if (ObjectInputFilter.Config.getSerialFilter() == null) { // else the user has chosen one, by jdk.serialFilter
            ObjectInputFilter.Config.setSerialFilter(ObjectInputFilter.Config.createFilter(ACCEPTED));
        }
        try {
            JMXConnector connector = within(timeout, () -> connect(url));
            return new PoolBeans(target, connector, timeout);
        } catch (TimeoutException e) {
            throw new CommandFailure(
                    target + ": no answer for " + OptionConverters.seconds(timeout) + "; --timeout allows more");
        } catch (ExecutionException e) {
            throw new CommandFailure(target + ": " + why(e.getCause() == null ? e : e.getCause()));
        } catch (IOException e) {
            throw new CommandFailure(target + ": " + why(e));
        }
    }

    /** RMI knows no timeout: the call is left to its thread, which ends with the process. */
    private static <T> T within(Duration longest, Callable<T> call)
            throws InterruptedException, ExecutionException, TimeoutException {
        FutureTask<T> task = new FutureTask<>(call);
        Thread thread = new Thread(task, "jmx");
        thread.setDaemon(true);
        thread.start();
        return task.get(longest.toMillis(), TimeUnit.MILLISECONDS);
    }

    @SuppressWarnings("BanJNDI") // it trusts the program that the user names, as jconsole does
    private static JMXConnector connect(JMXServiceURL url) throws IOException {
        return JMXConnectorFactory.connect(url);
    }

    /** RMI wraps the reason again and again. */
    private static String why(Throwable failure) {
        if (failure instanceof SecurityException) {
            return "it asks for a user and a password, which this command does not send; on the same machine give the"
                    + " process id";
        }
        return "cannot connect by JMX (" + innermost(failure) + ")";
    }

    private static String innermost(Throwable failure) {
        Throwable innermost = failure;
        while (innermost.getCause() != null) {
            innermost = innermost.getCause();
        }
        return ErrorMessages.cut(ErrorMessages.of(innermost));
    }

    /** A flight recording there, read here; not started yet. */
    RemoteRecordingStream record() throws CommandFailure, InterruptedException {
        return ask(() -> new RemoteRecordingStream(server));
    }

    /** Does nothing, if the program is still there. */
    void ping() throws CommandFailure, InterruptedException {
        ask(server::getMBeanCount);
    }

    private <R> R ask(Callable<R> question) throws CommandFailure, InterruptedException {
        try {
            return within(timeout, question);
        } catch (TimeoutException e) {
            throw new CommandFailure(
                    target + ": no answer for " + OptionConverters.seconds(timeout) + "; --timeout allows more");
        } catch (ExecutionException e) {
            throw new CommandFailure(target + ": the connection is lost (" + innermost(e) + ")");
        }
    }

    /** Pools by name. */
    List<Pool> read() throws CommandFailure, InterruptedException {
        List<Pool> pools = ask(this::readAll);
        if (pools.isEmpty()) {
            throw new CommandFailure(
                    target + ": no PerThread pool is registered there; the program has to call registerMXBean()");
        }
        return pools;
    }

    private List<Pool> readAll() throws IOException, MalformedObjectNameException {
        List<Pool> pools = new ArrayList<>();
        for (ObjectName name : server.queryNames(new ObjectName("dev.perthread:type=PerThread,*"), null)) {
            Pool pool = read(name);
            if (pool != null) {
                pools.add(pool);
            }
        }
        pools.sort(Comparator.comparing(Pool::name));
        return pools;
    }

    private @Nullable Pool read(ObjectName bean) throws IOException {
        try {
            Map<String, Long> numbers = new HashMap<>();
            for (Attribute number : server.getAttributes(bean, NUMBERS).asList()) {
                if (number.getValue() instanceof Number value) {
                    numbers.put(number.getName(), value.longValue());
                }
            }
            String name = String.valueOf(server.getAttribute(bean, "Name"));
            List<Held> resources = new ArrayList<>();
            if (server.getAttribute(bean, "Resources") instanceof CompositeData[] rows) {
                for (CompositeData row : rows) {
                    resources.add(held(name, row));
                }
            }
            return new Pool(name, numbers, resources);
        } catch (InstanceNotFoundException e) {
            return null; // unregistered a moment ago
        } catch (JMException e) {
            throw new IOException(ErrorMessages.of(e), e);
        }
    }

    private static Held held(String pool, CompositeData row) {
        return new Held(
                pool,
                number(row, "id"),
                text(row, "key"),
                text(row, "threadName"),
                number(row, "threadId"),
                text(row, "state"),
                number(row, "openedAtMillis"),
                number(row, "leasedSinceMillis"),
                number(row, "uses"),
                text(row, "acquiredAt"));
    }

    private static long number(CompositeData row, String key) {
        return row.containsKey(key) && row.get(key) instanceof Number number ? number.longValue() : 0;
    }

    private static String text(CompositeData row, String key) {
        return row.containsKey(key) && row.get(key) instanceof String text ? text : "";
    }

    @Override
    public void close() {
        try {
            within(GOODBYE, () -> {
                connector.close();
                return true;
            });
        } catch (ExecutionException | TimeoutException e) {
            return; // the other side has gone, or does not answer
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
