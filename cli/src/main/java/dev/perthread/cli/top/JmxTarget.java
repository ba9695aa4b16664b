package dev.perthread.cli.top;

import com.sun.tools.attach.AttachNotSupportedException;
import com.sun.tools.attach.AttachOperationFailedException;
import com.sun.tools.attach.VirtualMachine;
import dev.perthread.cli.console.CommandFailure;
import dev.perthread.cli.console.ErrorMessages;
import dev.perthread.cli.console.OptionConverters;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.net.MalformedURLException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.management.remote.JMXServiceURL;
import org.jspecify.annotations.Nullable;

/**
 * Another process, as a user names it: HOST:PORT where it listens for JMX, or its process id. The process id is 0
 * where an address was given.
 */
record JmxTarget(long pid, String host, int port) {
    private static final Pattern PID = Pattern.compile("\\d{1,9}");
    private static final Pattern ADDRESS =
            Pattern.compile("(?<host>\\[[0-9a-fA-F:.%\\w]+]|[\\w.-]+):(?<port>\\d{1,5})");
    private static final int MOST_PORT = 65_535;
    private static final Pattern CAUGHT = Pattern.compile("(?m)^SigCgt:\\s*([0-9a-f]+)$");
    private static final int SIGQUIT = 3;

    static JmxTarget parse(String given) {
        if (PID.matcher(given).matches() && Long.parseLong(given) > 0) {
            return new JmxTarget(Long.parseLong(given), "", 0);
        }
        Matcher address = ADDRESS.matcher(given);
        if (address.matches()) {
            int port = Integer.parseInt(address.group("port"));
            if (port > 0 && port <= MOST_PORT) {
                return new JmxTarget(0, address.group("host"), port);
            }
        }
        throw OptionConverters.wrong("HOST:PORT with a port from 1 to 65535, or a process id", given);
    }

    @Override
    public String toString() {
        return pid > 0 ? "process " + pid : host + ":" + port;
    }

    /** Where to connect to; a process is asked to listen for JMX on this machine, if it does not yet. */
    JMXServiceURL url() throws CommandFailure {
        try {
            return new JMXServiceURL(
                    pid > 0 ? attach() : "service:jmx:rmi:///jndi/rmi://" + host + ":" + port + "/jmxrmi");
        } catch (MalformedURLException e) {
            throw new CommandFailure(this + ": " + ErrorMessages.of(e));
        }
    }

    private String attach() throws CommandFailure {
        if (ModuleLayer.boot().findModule("jdk.attach").isEmpty()) {
            throw new CommandFailure(
                    "this Java cannot attach to a process (it has no module jdk.attach); use a full JDK, or"
                            + " HOST:PORT");
        }
        ProcessHandle process =
                ProcessHandle.of(pid).orElseThrow(() -> new CommandFailure("process " + pid + ": no such process"));
        if (process.pid() == ProcessHandle.current().pid()) {
            throw new CommandFailure("process " + pid + ": must be another program, but is this very command");
        }
        refuseWhatIsNoJava();
        try {
            return Attached.listen(pid);
        } catch (IOException e) {
            throw new CommandFailure(
                    "process " + pid + ": cannot attach to it" + whose(process) + " (" + ErrorMessages.of(e) + ")");
        }
    }

    /**
     * To attach means to send SIGQUIT, which a JVM answers, which ends most other programs, and which tells a few of them
     * to stop. So this looks first whether a JVM is loaded and catches that signal; where the system has no
     * {@code /proc}, whether the JVMs of this user know of it.
     */
    private void refuseWhatIsNoJava() throws CommandFailure {
        Path process = Path.of("/proc", Long.toString(pid));
        try {
            boolean java = Files.isDirectory(process)
                    ? hasLoadedAJvm(process) && catchesSigquit(process)
                    : Attached.isListed(pid);
            if (!java) {
                throw new CommandFailure("process " + pid + ": must be a Java program, but is none");
            }
        } catch (AccessDeniedException e) {
            throw new CommandFailure("process " + pid + ": cannot be looked at (permission denied)"
                    + ProcessHandle.of(pid).map(JmxTarget::whose).orElse(""));
        } catch (IOException e) {
            throw new CommandFailure("process " + pid + ": no such process");
        }
    }

    private static boolean hasLoadedAJvm(Path process) throws IOException {
        try (Stream<String> files = Files.lines(process.resolve("maps"), StandardCharsets.ISO_8859_1)) {
            return files.anyMatch(file -> file.contains("/libjvm.so") || file.contains("/libj9vm"));
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    private static boolean catchesSigquit(Path process) throws IOException {
        Matcher caught = CAUGHT.matcher(Files.readString(process.resolve("status"), StandardCharsets.ISO_8859_1));
        return caught.find() && new BigInteger(caught.group(1), 16).testBit(SIGQUIT - 1);
    }

    /** Another user's process refuses in words that do not say so. */
    private static String whose(ProcessHandle process) {
        Optional<String> owner = process.info().user();
        String us = System.getProperty("user.name", "");
        return owner.filter(user -> !user.equals(us))
                .map(user -> ", it belongs to the user " + user)
                .orElse("");
    }

    /** In a class of its own, which is loaded only where there is something to attach with. */
    private static final class Attached {
        static boolean isListed(long pid) {
            return VirtualMachine.list().stream()
                    .anyMatch(machine -> machine.id().equals(Long.toString(pid)));
        }

        static String listen(long pid) throws IOException {
            @Nullable VirtualMachine machine = null;
            try {
                machine = VirtualMachine.attach(Long.toString(pid));
                return machine.startLocalManagementAgent();
            } catch (AttachNotSupportedException | AttachOperationFailedException e) {
                throw new IOException(ErrorMessages.of(e), e);
            } finally {
                if (machine != null) {
                    machine.detach();
                }
            }
        }
    }
}
