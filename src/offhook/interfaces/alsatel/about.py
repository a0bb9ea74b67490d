"""What the interface ``alsatel`` says of itself before it is used. No I/O."""

from offhook.about import About

ABOUT = About("alsatel", aliases=("alcatel",))
