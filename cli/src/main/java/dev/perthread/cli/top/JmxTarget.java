package dev.perthread.cli.top;

import com.sun.tools.attach.AttachNotSupportedException;
import com.sun.tools.attach.AttachOperationFailedException;
import com.sun.tools.attach.VirtualMachine;
import dev.perthread.cli.console.CommandFailure;
import dev.perthread.cli.console.ErrorMessages;
import java.io.IOException;
import java.math.BigInteger;
import java.net.MalformedURLException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.management.remote.JMXServiceURL;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

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

    static final class Converter implements ITypeConverter<JmxTarget> {
        @Override
        public JmxTarget convert(String given) {
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
            throw new TypeConversionException(
                    "'" + given + "' was given; HOST:PORT with a port from 1 to 65535, or a process id, is allowed");
        }
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
                    "this Java cannot attach to a process (it has no module jdk.attach); a full JDK, or"
                            + " HOST:PORT, is allowed");
        }
        ProcessHandle process =
                ProcessHandle.of(pid).orElseThrow(() -> new CommandFailure("process " + pid + ": no such process"));
        if (process.pid() == ProcessHandle.current().pid()) {
            throw new CommandFailure("process " + pid + ": is this very command");
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
     * To attach means to send SIGQUIT, which a Java program answers and which ends most others. So on Linux this looks
     * whether the process catches it.
     */
    private void refuseWhatIsNoJava() throws CommandFailure {
        Path status = Path.of("/proc", Long.toString(pid), "status");
        if (!Files.isReadable(status)) {
            return;
        }
        try {
            Matcher caught = CAUGHT.matcher(Files.readString(status));
            if (caught.find() && !new BigInteger(caught.group(1), 16).testBit(SIGQUIT - 1)) {
                throw new CommandFailure("process " + pid + ": is no Java program");
            }
        } catch (IOException e) {
            throw new CommandFailure("process " + pid + ": no such process");
        }
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
