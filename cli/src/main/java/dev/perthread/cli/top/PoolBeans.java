package dev.perthread.cli.top;

import dev.perthread.cli.console.CommandFailure;
import dev.perthread.cli.console.ErrorMessages;
import dev.perthread.cli.console.OptionConverters;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
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
import org.jspecify.annotations.Nullable;

/**
 * A JMX client for the MXBeans that pools registered in another process. It goes by their names alone, whatever
 * version registered them.
 */
final class PoolBeans implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final String[] NUMBERS = {
        "Limit",
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
        "Leaked"
    };

    /** One holder: its numbers by their names, and its resources. */
    record Holder(String name, Map<String, Long> numbers, List<Held> resources) {
        long number(String name) {
            return numbers.getOrDefault(name, 0L);
        }
    }

    /** One resource; leased since is 0 where it is not leased. */
    record Held(
            String holder,
            long id,
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

    private PoolBeans(JmxTarget target, JMXConnector connector) throws IOException {
        this.target = target;
        this.connector = connector;
        this.server = connector.getMBeanServerConnection();
    }

    static PoolBeans connect(JmxTarget target) throws CommandFailure, InterruptedException {
        JMXServiceURL url = target.url();
        FutureTask<JMXConnector> connecting = new FutureTask<>(() -> connect(url));
        Thread thread = new Thread(connecting, "connect"); // RMI knows no timeout for it
        thread.setDaemon(true);
        thread.start();
        try {
            return new PoolBeans(target, connecting.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS));
        } catch (TimeoutException e) {
            throw new CommandFailure(target + ": no answer for " + OptionConverters.seconds(PATIENCE));
        } catch (ExecutionException e) {
            throw new CommandFailure(target + ": " + why(e.getCause() == null ? e : e.getCause()));
        } catch (IOException e) {
            throw new CommandFailure(target + ": " + why(e));
        }
    }

    @SuppressWarnings("BanJNDI") // it trusts the program that the user names, as jconsole does
    private static JMXConnector connect(JMXServiceURL url) throws IOException {
        return JMXConnectorFactory.connect(url);
    }

    /** RMI wraps the reason again and again. */
    private static String why(Throwable failure) {
        if (failure instanceof SecurityException) {
            return "it asks for a user and a password, which this command does not send; the process id is allowed on"
                    + " the same machine";
        }
        Throwable innermost = failure;
        while (innermost.getCause() != null) {
            innermost = innermost.getCause();
        }
        return "cannot connect by JMX (" + ErrorMessages.of(innermost) + ")";
    }

    /** Holders by name. */
    List<Holder> read() throws CommandFailure {
        try {
            List<Holder> holders = new ArrayList<>();
            Set<ObjectName> names = server.queryNames(new ObjectName("dev.perthread:type=PerThread,*"), null);
            for (ObjectName name : names) {
                Holder holder = read(name);
                if (holder != null) {
                    holders.add(holder);
                }
            }
            if (names.isEmpty()) {
                throw new CommandFailure(target + ": no PerThread holder is registered there; the program has to call"
                        + " registerMXBean()");
            }
            holders.sort(Comparator.comparing(Holder::name));
            return holders;
        } catch (IOException e) {
            throw new CommandFailure(target + ": the connection is lost (" + ErrorMessages.of(e) + ")");
        } catch (MalformedObjectNameException e) {
            throw new IllegalStateException(e);
        }
    }

    private @Nullable Holder read(ObjectName bean) throws IOException {
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
            return new Holder(name, numbers, resources);
        } catch (InstanceNotFoundException e) {
            return null; // unregistered a moment ago
        } catch (JMException e) {
            throw new IOException(ErrorMessages.of(e), e);
        }
    }

    private static Held held(String holder, CompositeData row) {
        return new Held(
                holder,
                number(row, "id"),
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
            connector.close();
        } catch (IOException e) {
            return; // the other side has gone
        }
    }
}
