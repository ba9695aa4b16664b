package dev.perthread.spring.boot;

import dev.perthread.net.LazyConnection;
import java.util.Map;
import java.util.regex.Pattern;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.beans.factory.support.AbstractBeanDefinition;
import org.springframework.beans.factory.support.BeanDefinitionRegistry;
import org.springframework.beans.factory.support.RootBeanDefinition;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.context.EnvironmentAware;
import org.springframework.context.annotation.ImportBeanDefinitionRegistrar;
import org.springframework.core.env.Environment;
import org.springframework.core.type.AnnotationMetadata;

/** Defines a {@link LazyConnection} bean for each {@code perthread.connections.NAME}. */
final class ConnectionBeans implements ImportBeanDefinitionRegistrar, EnvironmentAware {
    private static final String CONNECTIONS = "perthread.connections";
    private static final Pattern HAS_NAME = Pattern.compile("[?&]name=");

    private Binder binder = new Binder();

    @Override
    public void setEnvironment(Environment environment) {
        binder = Binder.get(environment);
    }

    @Override
    public void registerBeanDefinitions(AnnotationMetadata importing, BeanDefinitionRegistry registry) {
        binder.bind(CONNECTIONS, Bindable.mapOf(String.class, PerThreadProperties.Connection.class))
                .orElse(Map.of())
                .keySet()
                .forEach(name -> registry.registerBeanDefinition(name, definition(name)));
    }

    /** By a factory method and not by a supplier, which no ahead-of-time processing could write down. */
    private static BeanDefinition definition(String name) {
        RootBeanDefinition definition = new RootBeanDefinition(ConnectionBeans.class);
        definition.setFactoryMethodName("connect");
        definition.getConstructorArgumentValues().addIndexedArgumentValue(0, name);
        definition.setAutowireMode(AbstractBeanDefinition.AUTOWIRE_CONSTRUCTOR);
        definition.setDestroyMethodName(AbstractBeanDefinition.INFER_METHOD);
        definition.setResourceDescription(CONNECTIONS + "." + name);
        return definition;
    }

    static LazyConnection connect(
            String name, PerThreadProperties properties, ObjectProvider<LazyConnectionCustomizer> customizers) {
        String property = CONNECTIONS + "." + name + ".url";
        PerThreadProperties.Connection connection = properties.connections().get(name);
        String url = connection == null ? null : connection.url();
        if (url == null) {
            throw new InvalidConnectionException(
                    property, "must be a connection string such as tcp://host:port, but is missing", null);
        }
        try {
            LazyConnection.Builder builder = LazyConnection.parse(url);
            if (!HAS_NAME.matcher(url).find()) {
                builder.name(name);
            }
            customizers.orderedStream().forEach(customizer -> customizer.customize(name, builder));
            return builder.build();
        } catch (IllegalArgumentException refused) {
            throw new InvalidConnectionException(property, String.valueOf(refused.getMessage()), refused);
        }
    }
}
