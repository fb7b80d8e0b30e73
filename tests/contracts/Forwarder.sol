// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

/// Who deploys a forwarder says where it pays to. Asking the deployer keeps the init code the same for all of them.
interface IParent {
    function parent() external view returns (address payable);
}

/// A deposit address made of code: keeps what it gets until anybody flushes it to its parent.
contract Forwarder {
    address payable public immutable parent;

    constructor() {
        parent = IParent(msg.sender).parent();
    }

    receive() external payable {}

    function flush() external {
        (bool paid, ) = parent.call{value: address(this).balance}("");
        require(paid, "flush failed");
    }

    function flushToken(address token) external {
        (, bytes memory answer) = token.staticcall(abi.encodeWithSignature("balanceOf(address)", address(this)));
        uint256 balance = abi.decode(answer, (uint256));
        (bool moved, ) = token.call(abi.encodeWithSignature("transfer(address,uint256)", parent, balance));
        require(moved, "flush failed");
    }
}
