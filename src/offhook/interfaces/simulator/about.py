"""What the interface ``simulator`` says of itself before it is used. No I/O."""

from offhook.about import About, Setting

ABOUT = About(
    "simulator",
    driver="offhook.interfaces.simulator.driver:SimulatorInterface",
    settings=(Setting("address", "address", option="simulator"),),
    uses=("country", "incoming_strip", "hub.desks"),
    per_desk=False,
    pretend="offhook.interfaces.simulator.server:Server",
)
