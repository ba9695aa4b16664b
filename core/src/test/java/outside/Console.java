// A JMX client that knows nothing of the library.
package outside;

import com.sun.tools.attach.VirtualMachine;
import javax.management.MBeanAttributeInfo;
import javax.management.MBeanServerConnection;
import javax.management.ObjectName;
import javax.management.openmbean.CompositeData;
import javax.management.remote.JMXConnector;
import javax.management.remote.JMXConnectorFactory;
import javax.management.remote.JMXServiceURL;

/** Attaches to a JVM as jconsole does, prints what PerThread shows there, and calls {@code evictIdle}. */
public final class Console {
    private Console() {}

    /**
     * Prints a line an attribute.
     *
     * @param arguments a process id
     * @throws Exception if something is wrong
     */
    @SuppressWarnings("BanJNDI") // what it attaches to is started by the same test
    public static void main(String[] arguments) throws Exception {
        VirtualMachine machine = VirtualMachine.attach(arguments[0]);
        String address = machine.startLocalManagementAgent();
        machine.detach();
        try (JMXConnector connector = JMXConnectorFactory.connect(new JMXServiceURL(address))) {
            MBeanServerConnection server = connector.getMBeanServerConnection();
            for (ObjectName name : server.queryNames(new ObjectName("dev.perthread:*"), null)) {
                System.out.println(name);
                for (MBeanAttributeInfo attribute : server.getMBeanInfo(name).getAttributes()) {
                    Object value = server.getAttribute(name, attribute.getName());
                    if (value instanceof CompositeData[] rows) {
                        for (CompositeData row : rows) {
                            row.getCompositeType()
                                    .keySet()
                                    .forEach(key -> System.out.println("resource " + key + "="
                                            + String.valueOf(row.get(key))
                                                    .lines()
                                                    .findFirst()
                                                    .orElse("")));
                        }
                    } else {
                        System.out.println(attribute.getName() + "=" + value);
                    }
                }
                System.out.println("evicted " + server.invoke(name, "evictIdle", null, null));
            }
        }
    }
}
