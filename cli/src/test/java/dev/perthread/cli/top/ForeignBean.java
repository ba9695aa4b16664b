package dev.perthread.cli.top;

import java.lang.management.ManagementFactory;
import java.net.URI;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import javax.management.Attribute;
import javax.management.AttributeList;
import javax.management.DynamicMBean;
import javax.management.MBeanInfo;
import javax.management.ObjectName;
import javax.management.openmbean.CompositeData;
import javax.management.openmbean.CompositeDataSupport;
import javax.management.openmbean.CompositeType;
import javax.management.openmbean.OpenType;
import javax.management.openmbean.SimpleType;

/** A program whose bean has the name of a pool's and is none: it answers what no pool would, or not at all. */
final class ForeignBean implements DynamicMBean {
    private final String kind;

    private ForeignBean(String kind) {
        this.kind = kind;
    }

    public static void main(String[] args) throws Exception {
        ManagementFactory.getPlatformMBeanServer()
                .registerMBean(new ForeignBean(args[0]), new ObjectName("dev.perthread:type=PerThread,name=foreign"));
        System.out.println("ready");
        new CountDownLatch(1).await();
    }

    @Override
    public Object getAttribute(String name) {
        try {
            return switch (kind) {
                case "silent" -> {
                    new CountDownLatch(1).await();
                    yield "";
                }
                case "object" ->
                    name.equals("Name") ? URI.create("http://localhost/").toURL() : "";
                default -> name.equals("Name") ? "foreign" : resources();
            };
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private static CompositeData[] resources() throws Exception {
        String[] keys = {"state", "threadName"};
        CompositeType type =
                new CompositeType("row", "row", keys, keys, new OpenType<?>[] {SimpleType.STRING, SimpleType.STRING});
        return new CompositeData[] {
            new CompositeDataSupport(type, Map.of("state", "\u001b[41mRED", "threadName", "\u009b42mGREEN"))
        };
    }

    @Override
    public AttributeList getAttributes(String[] names) {
        return new AttributeList();
    }

    @Override
    public MBeanInfo getMBeanInfo() {
        return new MBeanInfo(ForeignBean.class.getName(), "foreign", null, null, null, null);
    }

    @Override
    public void setAttribute(Attribute attribute) {
        throw new UnsupportedOperationException();
    }

    @Override
    public AttributeList setAttributes(AttributeList attributes) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Object invoke(String name, Object[] parameters, String[] signature) {
        throw new UnsupportedOperationException();
    }
}
